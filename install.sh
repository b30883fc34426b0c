#!/bin/sh
# Installs conductor-loop as a service of systemd on Linux; `sh install.sh --help` says how.
# Whatever it changes goes through `run`, so that --dry-run can say it instead.
set -eu
umask 022
exec 3>&1

user=conductor-loop bin=/usr/local/bin/conductor-loop
share=/usr/local/share units=/etc/systemd/system
etc=/etc/conductor-loop state=/var/lib/conductor-loop

here=$(cd "$(dirname "$0")" && pwd)
action=install purge=no dry=no
from=$here/dist root=${DESTDIR:-}

help() {
  cat <<'END'
usage: sh install.sh [--from DIR|URL] [--dry-run] [--root DIR]
       sh install.sh --upgrade [--from DIR|URL] ...
       sh install.sh --uninstall [--purge] ...

Installs the conductor-loop binary of this machine's architecture as a systemd service: its user and
group, its directories, /etc/conductor-loop/config.json, the unit, completions and man page. Running
it again changes nothing but owners and modes that are not as they must be, and enables the service.

  --from DIR|URL  where conductor-loop-linux-ARCH and checksums.txt are (default: dist/ beside this
                  script); the binary is installed only if its SHA-256 is the one written there
  --upgrade       check the new binary with the present configuration, stop the service (porch runs
                  may end, what waits stays in handoff/), replace the program, start again what was
                  running; where that fails or is interrupted, the old one is put back
  --uninstall     stop and remove the service and the program; configuration and spool stay
  --purge         with --uninstall: remove these too, and the user
  --dry-run       only say what would be done
  --root DIR      install into this tree instead of / (also DESTDIR); nothing is started or stopped
END
}

say() { printf 'install.sh: %s\n' "$*"; }

fail() { say "$@" >&2 || :; exit 1; }

run() { if [ "$dry" = yes ]; then printf '+ %s\n' "$*" >&3; else "$@"; fi; }

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --upgrade) action=upgrade ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      --dry-run) dry=yes ;;
      -h | --help) help && exit 0 ;;
      --from | --root)
        [ -n "${2:-}" ] || fail "$1 needs a value; --help says which"
        if [ "$1" = --from ]; then from=$2; else root=$2; fi
        shift
        ;;
      *) fail "unknown argument $1; --help names those that there are" ;;
    esac
    shift
  done
  [ "$purge" = no ] || [ "$action" = uninstall ] || fail '--purge goes with --uninstall only'
  [ -z "$root" ] || root=$(cd "$root" && pwd) || fail "--root names no directory"
  root=${root%/}
}

check_machine() {
  [ "$(uname -s)" = Linux ] ||
    fail "this is $(uname -s), and the service is for Linux: elsewhere put the binary of your system" \
      "into PATH; docs/install.md says more"
  case $(uname -m) in
    x86_64 | amd64) asset=conductor-loop-linux-amd64 ;;
    aarch64 | arm64) asset=conductor-loop-linux-arm64 ;;
    *) fail "there is no binary for $(uname -m), only for x86_64 and aarch64: use Node.js 26 of your" \
      "own with dist/conductor-loop.cjs" ;;
  esac
  getconf GNU_LIBC_VERSION >/dev/null 2>&1 ||
    fail 'the binary needs glibc, and this system has none (Alpine has musl): use a system with glibc, or' \
      'a Node.js 26 that was built for musl with dist/conductor-loop.cjs'
  [ "$(id -u)" -eq 0 ] || [ -n "$root" ] || [ "$dry" = yes ] ||
    fail 'only root may do this: sudo sh install.sh ...'
}

# systemd runs here, and what is installed is for this system.
has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

fetch() {
  case $from in
    http://* | https://*)
      get='curl -fsSL -o'
      command -v curl >/dev/null || get='wget -q -O'
      $get "$work/$1" "${from%/}/$1" || fail "cannot fetch ${from%/}/$1 (with ${get%% *})"
      ;;
    *)
      [ -f "$from/$1" ] || fail "there is no $1 in $from: make it with npm run package, or name" \
        "another place with --from DIR or --from URL"
      cp "$from/$1" "$work/$1"
      ;;
  esac
}

fetch_binary() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir "$work/units" "$work/old"
  for unit in conductor-loop.service deploy/systemd/conductor-loop@.service; do
    [ -f "$here/$unit" ] || fail "$here/$unit is not there; it belongs beside this script"
    cp "$here/$unit" "$work/units/"
  done
  fetch checksums.txt
  fetch "$asset"
  wanted=$(awk -v name="$asset" '$2 == name || $2 == "*" name { print $1 }' "$work/checksums.txt")
  [ -n "$wanted" ] || fail "checksums.txt of $from has no line for $asset"
  found=$(sha256sum <"$work/$asset")
  found=${found%% *}
  [ "$found" = "$wanted" ] || fail "$asset of $from is damaged or not the published one: its SHA-256" \
    "is $found, checksums.txt says $wanted"
}

# Beside the present one, so that it takes its place in one step, from a file system that may execute.
stage_binary() {
  run install -d -m 0755 "$root${bin%/*}"
  run install -m 0755 "$work/$asset" "$root$bin.new"
  run "$root$bin.new" -version || {
    rm -f "$root$bin.new"
    fail 'the binary does not run here; nothing was changed. It needs glibc 2.28 or later, libstdc++' \
      'and libatomic (libstdc++6 libatomic1 in Debian and Ubuntu, libstdc++ libatomic in Fedora and RHEL)'
  }
}

# A configuration that the new program refuses is said before anything is stopped.
check_configuration() {
  [ -z "$root" ] || return 0
  for file in "$etc"/*.json; do
    [ -f "$file" ] || continue
    run "$bin.new" -config "$file" -validate-config >/dev/null || {
      rm -f "$bin.new"
      fail "the new program refuses $file; nothing was changed"
    }
  done
}

account() {
  if [ -z "$root" ]; then getent passwd "$user" || :; else
    awk -F: -v user="$user" '$1 == user' "$root/etc/passwd" 2>/dev/null || :
  fi
}

make_user() {
  [ -z "$(account)" ] || return 0
  if [ -n "$root" ] && { [ "$(id -u)" -ne 0 ] || [ ! -f "$root/etc/passwd" ]; }; then
    say "no user is made in $root, and the files stay yours: that takes root and an etc/passwd there"
    return 0
  fi
  run useradd ${root:+--root "$root"} --system --user-group --no-create-home --home-dir "$state" \
    --shell /usr/sbin/nologin --comment 'conductor-loop' "$user"
}

# directory MODE OWNER PATH: OWNER is root or the user; the group is always that of the user. Not
# through a link: whoever owns the parent could have made one.
directory() {
  [ ! -L "$root$3" ] || fail "$root$3 is a symbolic link; move it away"
  run install -d "$root$3"
  own "$2" "$3"
  run chmod "$1" "$root$3"
}

own() {
  ids=$(account | awk -F: -v owner="$1" '{ print (owner == "root" ? 0 : $3) ":" $4 }')
  [ -n "$ids" ] || [ "$dry" = no ] || ids=$1:$user
  [ -z "$ids" ] || [ "$(id -u)" -ne 0 ] || run chown -h "$ids" "$root$2"
}

# Members of the group drop into handoff, and cannot touch each other's files there.
make_directories() {
  directory 0750 "$user" "$state"
  directory 3770 "$user" "$state/handoff"
  directory 0750 "$user" "$state/out"
  directory 0750 root "$etc"
}

make_configuration() {
  [ -f "$root$etc/config.json" ] || write_configuration
  [ -L "$root$etc/config.json" ] || { own root "$etc/config.json"; run chmod 0640 "$root$etc/config.json"; }
}

write_configuration() {
  porch=builtin
  for place in /bin /usr/bin /usr/local/bin; do [ ! -x "$root$place/porch" ] || porch=$place/porch; done
  [ "$porch" != builtin ] || say "no porch in /usr/local/bin, /usr/bin or /bin: the embedded one is used; see $etc/config.json"
  printf '{\n  "handoff": "%s",\n  "out": "%s",\n  "porch": "%s"\n}\n' \
    "$state/handoff" "$state/out" "$porch" >"$work/config.json"
  run install -m 0640 "$work/config.json" "$root$etc/config.json"
}

# The files that the program prints itself: where each goes, and the words that make it do so.
printed_files() {
  cat <<END
$share/bash-completion/completions/conductor-loop completion bash
$share/zsh/site-functions/_conductor-loop completion zsh
$share/fish/vendor_completions.d/conductor-loop.fish completion fish
$share/man/man1/conductor-loop.1 man
END
}

install_files() {
  run install -d -m 0755 "$root$units"
  run install -m 0644 "$work"/units/* "$root$units/"
  printed_files | while read -r file words; do
    # shellcheck disable=SC2086 # these are words
    [ "$dry" = yes ] || "$root$bin" $words >"$work/printed"
    run install -d -m 0755 "$root${file%/*}"
    run install -m 0644 "$work/printed" "$root$file"
  done
  ! has_systemd || run systemctl daemon-reload
}

do_install() {
  fetch_binary
  [ ! -f "$root$bin" ] || cmp -s "$work/$asset" "$root$bin" ||
    fail "another build is installed as $root$bin: replace it with --upgrade"
  make_user
  make_directories
  make_configuration
  [ -f "$root$bin" ] || { stage_binary; run mv -f "$root$bin.new" "$root$bin"; }
  install_files
  if has_systemd; then
    run systemctl enable conductor-loop.service
    say "installed; look at $etc/config.json, then: systemctl start conductor-loop"
  else
    say "installed${root:+ in $root}; the service is neither enabled nor started"
  fi
  say "who is to drop intents into $state/handoff: usermod --append --groups $user NAME"
}

# Those of our services that run, or are on their way to.
running_units() {
  ! has_systemd || systemctl list-units --plain --no-legend --state=active,activating,reloading \
    conductor-loop.service 'conductor-loop@*.service' | awk '{ print $1 }'
}

do_upgrade() {
  [ -f "$root$bin" ] || fail "$root$bin is not there: install it first, without --upgrade"
  fetch_binary
  stage_binary
  check_configuration
  running=$(running_units)
  cp "$root$units/conductor-loop.service" "$root$units/conductor-loop@.service" "$work/old/" || :
  run ln -f "$root$bin" "$root$bin.old"
  # From here on whatever ends this, a lost connection included, puts back what was there.
  trap go_back EXIT
  for unit in $running; do run systemctl stop "$unit"; done
  run mv -f "$root$bin.new" "$root$bin"
  install_files
  for unit in $running; do run systemctl start "$unit"; done
  trap 'rm -rf "$work"' EXIT
  run rm -f "$root$bin.old"
  say "upgraded${running:+, and running again}"
}

go_back() {
  set +e && trap '' HUP INT TERM
  run mv -f "$root$bin.old" "$root$bin"
  rm -rf "$work/units" && mv "$work/old" "$work/units"
  install_files
  now='the old one is back'
  for unit in $running; do run systemctl restart "$unit" || now="$now, and $unit does not start"; done
  rm -rf "$work" "$root$bin.new"
  fail "not upgraded: interrupted, or the new program does not start (journalctl -u conductor-loop); $now"
}

do_uninstall() {
  for unit in $(running_units); do run systemctl stop "$unit"; done
  for place in "$root$units" "$root$units/multi-user.target.wants"; do
    run rm -f "$place/conductor-loop.service" "$place"/conductor-loop@*.service
  done
  run rm -f "$root$bin" "$root$bin.new" "$root$bin.old"
  printed_files | while read -r file _; do run rm -f "$root$file"; done
  ! has_systemd || run systemctl daemon-reload
  [ "$purge" = yes ] || {
    say "uninstalled; $etc, $state and the user $user stay (--uninstall --purge removes them)" && return
  }
  # What is mounted in there may be in use elsewhere. The configurations name the spools, so they go last.
  for file in "$root$etc"/*.json; do
    name=$(basename "$file" .json)
    [ "$name" = config ] || run rm -rf --one-file-system "$root$state-$name"
  done
  run rm -rf --one-file-system "$root$state" "$root$units/conductor-loop.service.d" \
    "$root$units"/conductor-loop@*.service.d "$root$etc"
  if [ -n "$(account)" ] && [ "$(id -u)" -eq 0 ]; then
    run userdel ${root:+--root "$root"} "$user"
    # userdel leaves a group that has members.
    ! grep -q "^$user:" "$root/etc/group" || run groupdel ${root:+--root "$root"} "$user"
  fi
  say 'uninstalled, with configuration, spool and user'
}

read_arguments "$@"
check_machine
"do_$action"
