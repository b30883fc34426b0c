#!/bin/sh
# Installs conductor-loop as a service of systemd on Linux; `sh install.sh --help` says how.
# Whatever it changes goes through `run`, so that --dry-run can say it instead.
set -eu
exec 3>&1

user=conductor-loop
bin=/usr/local/bin/conductor-loop
share=/usr/local/share
units=/etc/systemd/system
etc=/etc/conductor-loop
state=/var/lib/conductor-loop

here=$(cd "$(dirname "$0")" && pwd)
action=install
from=$here/dist
root=${DESTDIR:-}
spool=
purge=no
dry=no

help() {
  cat <<'END'
usage: sh install.sh [--from DIR|URL] [--dry-run] [--root DIR]
       sh install.sh --upgrade [--from DIR|URL] ...
       sh install.sh --spool NAME ...
       sh install.sh --uninstall [--purge] ...

Installs the conductor-loop binary of this machine's architecture as a systemd service: its user and
group, its directories, /etc/conductor-loop/config.json, the unit, completions and man page. Running
it again changes nothing that is there already.

  --from DIR|URL  where conductor-loop-linux-ARCH and checksums.txt are (default: dist/ beside this
                  script); the binary is installed only if its SHA-256 is the one written there
  --upgrade       check the new binary with the present configuration, stop the service (porch runs
                  may end, what waits stays in handoff/), replace the program, start again what was
                  running; where the new one does not start, the old one is put back
  --spool NAME    make another spool, /var/lib/conductor-loop-NAME, for conductor-loop@NAME
  --uninstall     stop and remove the service and the program; configuration and spools stay
  --purge         with --uninstall: remove these too, and the user
  --dry-run       only say what would be done
  --root DIR      install into this tree instead of / (also DESTDIR); nothing is started or stopped
END
}

say() { printf 'install.sh: %s\n' "$*"; }

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

run() {
  if [ "$dry" = yes ]; then printf '+ %s\n' "$*" >&3; else "$@"; fi
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --upgrade) action=upgrade ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      --dry-run) dry=yes ;;
      -h | --help) help && exit 0 ;;
      --from | --root | --spool)
        [ -n "${2:-}" ] || fail "$1 needs a value; --help says which"
        case $1 in
          --from) from=$2 ;;
          --root) root=$2 ;;
          --spool)
            action=add_spool
            spool=$2
            ;;
        esac
        shift
        ;;
      *) fail "unknown argument $1; --help names those that there are" ;;
    esac
    shift
  done
  [ "$purge" = no ] || [ "$action" = uninstall ] || fail '--purge goes with --uninstall only'
  root=${root%/}
}

# --- what this machine is -----------------------------------------------------------------------

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
    fail 'the binary needs glibc, and this system has none (Alpine has musl): use a system with glibc,' \
      'or a Node.js 26 that was built for musl with dist/conductor-loop.cjs'
  for tool in install sha256sum awk cmp; do
    command -v "$tool" >/dev/null || fail "$tool is needed and not installed"
  done
}

check_rights() {
  [ -z "$root" ] || [ -d "$root" ] || fail "$root is no directory"
  [ "$(id -u)" -eq 0 ] || [ -n "$root" ] || [ "$dry" = yes ] ||
    fail 'only root may do this: sudo sh install.sh ...'
}

# systemd runs here, and what is installed is for this system.
has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# --- the binary ---------------------------------------------------------------------------------

fetch() {
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null; then
        curl -fsSL --retry 3 -o "$work/$1" "${from%/}/$1" || fail "cannot fetch ${from%/}/$1"
      elif command -v wget >/dev/null; then
        wget -q -O "$work/$1" "${from%/}/$1" || fail "cannot fetch ${from%/}/$1"
      else
        fail 'curl or wget is needed for a URL, and neither is installed'
      fi
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
  trap 'exit 130' INT
  trap 'exit 143' TERM
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
  run "$root$bin.new" -version
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

# --- user, directories, configuration -----------------------------------------------------------

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
  run install -d -m "$1" "$root$3"
  own "$2" "$3"
  run chmod "$1" "$root$3"
}

own() {
  ids=$(account | awk -F: -v owner="$1" '{ print (owner == "root" ? 0 : $3) ":" $4 }')
  [ -z "$ids" ] || [ "$(id -u)" -ne 0 ] || run chown -h "$ids" "$root$2"
}

find_porch() {
  for place in /usr/local/bin /usr/bin /bin; do
    [ ! -x "$root$place/porch" ] || { echo "$place/porch" && return; }
  done
  echo builtin
}

# make_spool STATE CONFIG: members of the group drop into handoff, and cannot touch each other's files.
make_spool() {
  directory 0750 "$user" "$1"
  directory 3770 "$user" "$1/handoff"
  directory 0750 "$user" "$1/out"
  directory 0750 root "$etc"
  [ ! -f "$root$2" ] || return 0
  porch=$(find_porch)
  [ "$porch" != builtin ] ||
    say "no porch in /usr/local/bin, /usr/bin or /bin: $2 says \"builtin\", the embedded one"
  printf '{\n  "handoff": "%s/handoff",\n  "out": "%s/out",\n  "porch": "%s"\n}\n' "$1" "$1" "$porch" \
    >"$work/config.json"
  run install -m 0640 "$work/config.json" "$root$2"
  own root "$2"
}

# --- unit, completions, man page ----------------------------------------------------------------

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
  run install -m 0644 "$here/conductor-loop.service" "$root$units/conductor-loop.service"
  run install -m 0644 "$here/deploy/systemd/conductor-loop@.service" "$root$units/conductor-loop@.service"
  printed_files | while read -r file words; do
    # shellcheck disable=SC2086 # these are words
    [ "$dry" = yes ] || "$root$bin" $words >"$work/printed"
    run install -d -m 0755 "$root${file%/*}"
    run install -m 0644 "$work/printed" "$root$file"
  done
  ! has_systemd || run systemctl daemon-reload
}

# --- what can be asked for ----------------------------------------------------------------------

do_install() {
  fetch_binary
  if [ -f "$root$bin" ] && ! cmp -s "$work/$asset" "$root$bin"; then
    fail "another build is installed as $root$bin: replace it with --upgrade"
  fi
  make_user
  make_spool "$state" "$etc/config.json"
  if [ ! -f "$root$bin" ]; then
    stage_binary
    run mv -f "$root$bin.new" "$root$bin"
  fi
  install_files
  if has_systemd; then
    run systemctl enable conductor-loop.service
    say "installed; look at $etc/config.json, then: systemctl start conductor-loop"
  else
    say "installed${root:+ in $root}; nothing is started, for systemd does not run here"
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
  for unit in $running; do run systemctl stop "$unit"; done
  run mv -f "$root$bin" "$root$bin.old"
  run mv -f "$root$bin.new" "$root$bin"
  install_files
  for unit in $running; do run systemctl start "$unit" || go_back; done
  run rm -f "$root$bin.old"
  say "upgraded${running:+; started again: }$(echo "$running" | tr '\n' ' ')"
}

go_back() {
  mv -f "$bin.old" "$bin"
  install_files
  for unit in $running; do systemctl restart "$unit" || :; done
  fail 'the new program does not start (journalctl -u conductor-loop says why); the old one runs again'
}

do_add_spool() {
  [ -f "$root$bin" ] || fail "$root$bin is not there: install it first, without --spool"
  case $spool in
    config | *[!A-Za-z0-9_.-]* | [.-]*) fail "a spool cannot be called $spool: use letters, digits, _ . -" ;;
  esac
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_spool "$state-$spool" "$etc/$spool.json"
  ! has_systemd || run systemctl enable "conductor-loop@$spool.service"
  say "look at $etc/$spool.json, then: systemctl start conductor-loop@$spool"
}

do_uninstall() {
  for unit in $(running_units); do run systemctl stop "$unit"; done
  if has_systemd; then
    for link in "$units"/multi-user.target.wants/conductor-loop.service \
      "$units"/multi-user.target.wants/conductor-loop@*.service; do
      [ ! -L "$link" ] || run systemctl disable "${link##*/}"
    done
  fi
  run rm -f "$root$bin" "$root$bin.new" "$root$bin.old" "$root$units/conductor-loop.service" \
    "$root$units/conductor-loop@.service"
  printed_files | while read -r file _; do run rm -f "$root$file"; done
  ! has_systemd || run systemctl daemon-reload
  if [ "$purge" = no ]; then
    say "uninstalled; $etc, the spools and the user $user stay (--uninstall --purge removes them)"
    return
  fi
  run rm -rf "$root$etc" "$root$state" "$root$units"/conductor-loop.service.d \
    "$root$units"/conductor-loop@*.service.d
  for other in "$root$state"-*; do [ ! -d "$other" ] || run rm -rf "$other"; done
  [ -z "$(account)" ] || [ "$(id -u)" -ne 0 ] || run userdel ${root:+--root "$root"} "$user"
  say 'uninstalled, with configuration, spools and user'
}

read_arguments "$@"
check_machine
check_rights
"do_$action"
