#!/usr/bin/env bash
# leash.sh COMMAND ARG...    run COMMAND, and kill it with all its children as soon as standard input ends
#
# A suite holds the other end of that pipe, so that it leaves nothing behind, however it dies. SIGTERM and SIGINT are
# passed on to COMMAND alone; the exit code is COMMAND's.
set -um # job control: the command gets a process group of its own
job='' asked=''
pass_on() {
  asked=yes
  [ -z "$job" ] || kill -TERM "$job"
}
trap pass_on TERM INT # before the command starts, or a signal that comes at once would end the leash
"$@" < /dev/null &
job=$!
[ -z "$asked" ] || kill -TERM "$job"
{ cat > /dev/null; kill -KILL -- "-$job"; } 2> /dev/null &
watcher=$!
disown "$watcher" # or bash reports its end
set +m # both have their groups; with job control a stop of COMMAND (SIGSTOP) would end each wait, or keep a core busy
while :; do
  asked=''
  wait "$job"
  code=$?
  [ -z "$asked" ] || continue # a signal interrupts the wait with a code of its own
  kill -0 "$job" 2> /dev/null || break
  sleep 0.05 # stopped before the job control was off
done
{ kill -KILL -- "-$watcher" "-$job"; } 2> /dev/null
exit "$code"
