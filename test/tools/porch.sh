#!/bin/sh
# A stand-in for porch that tests drive: a real program with porch's command line
#   porch.sh -intent FILE -out DIR [-structured]
# It writes `start NAME SHA256 ATTEMPT RUN_ID` and, unless it dies, `end NAME SHA256 ATTEMPT RUN_ID EXIT`
# to DIR/porch.log, each line with one append, so that the lines of many runs never mix.
# In between it does what the words of the intent's "reason" tell it, from left to right
# (other words mean nothing; the reason must not hold a backslash or a quotation mark):
#   exit=N             ends with this exit code
#   fail-attempts=N    ... only in the first N attempts (without exit=: with 1), then with 0
#   sleep=SECONDS      sleeps
#   wait-for=FILE      waits until FILE exists (relative: to DIR); gives up after 60 s with exit code 70
#   signal=NAME        dies of this signal (KILL, SEGV, TERM...); the end line is missing
#   ignore-term        ignores SIGTERM from now on
#   say=WORD           prints WORD on standard error
#   flood=BYTES        prints so many bytes on standard output
#   close              closes its standard output and standard error
#   fork-stay          leaves a process in its group, which holds the pipes: its number is in DIR/NAME.stay
#   fork-setsid        leaves one outside of the group, which holds the pipes: DIR/NAME.setsid
#   env                writes the environment it was given to DIR/NAME.env, entries ended by a zero byte
#   delete-intent      removes the intent
#   rewrite-intent     writes other content into the intent
# What it leaves behind ends by itself after 60 s. The plain path uses nothing but what sh has inside.

intent= out= mode=direct
while [ $# -gt 0 ]; do
  case $1 in
    -intent) intent=$2; shift ;;
    -out) out=$2; shift ;;
    -structured) mode=structured ;;
    *) echo "porch.sh: unknown argument $1" >&2; exit 64 ;;
  esac
  shift
done
name=${intent##*/}
who="$name ${CONDUCTOR_INTENT_SHA256:--} ${CONDUCTOR_ATTEMPT:--} ${CONDUCTOR_RUN_ID:--}"
printf '%s\n' "start $who" >>"$out/porch.log" || exit 73

# sh reads byte by byte: nothing after the reason is read.
reason=
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    *'"reason"'*)
      reason=${line#*'"reason"'}
      reason=${reason#*'"'}
      reason=${reason%%'"'*}
      break ;;
  esac
done <"$intent" || exit 66

code=0 failing=
set -f
for word in $reason; do
  value=${word#*=}
  case $word in
    exit=*) code=$value ;;
    fail-attempts=*) failing=$value ;;
    sleep=*) sleep "$value" ;;
    wait-for=*)
      case $value in /*) ;; *) value=$out/$value ;; esac
      rounds=0
      until [ -e "$value" ]; do
        rounds=$((rounds + 1))
        if [ $rounds -gt 3000 ]; then echo "porch.sh: waited in vain for $value" >&2; exit 70; fi
        sleep 0.02
      done ;;
    signal=*) kill -s "$value" $$ ;;
    ignore-term) trap '' TERM ;;
    say=*) printf '%s\n' "$value" >&2 ;;
    flood=*) head -c "$value" /dev/zero | tr '\0' x ;;
    close) exec >&- 2>&- ;;
    fork-stay) sleep 60 & echo $! >"$out/$name.stay" ;;
    fork-setsid)
      # It is outside of the group once it has written its number itself.
      setsid sh -c 'echo $$ >"$1.new" && mv "$1.new" "$1" && exec sleep 60' sh "$out/$name.setsid" &
      until [ -e "$out/$name.setsid" ]; do sleep 0.01; done ;;
    env) if [ -r /proc/$$/environ ]; then cat /proc/$$/environ; else env | tr '\n' '\0'; fi >"$out/$name.env" ;;
    delete-intent) rm -f "$intent" ;;
    rewrite-intent) printf '{"rewritten":true}\n' >"$intent" ;;
  esac
done
if [ -n "$failing" ]; then
  if [ "${CONDUCTOR_ATTEMPT:-1}" -gt "$failing" ]; then code=0; elif [ "$code" = 0 ]; then code=1; fi
fi

printf '%s\n' "$mode: $name" 2>/dev/null
printf '%s\n' "end $who $code" >>"$out/porch.log"
exit "$code"
