#!/usr/bin/env bash
# leash.sh COMMAND ARG...    run COMMAND, and kill it with all its children as soon as standard input ends
#
# A suite holds the other end of that pipe, so that it leaves nothing behind, however it dies. SIGTERM and SIGINT are
# passed on to COMMAND alone; the exit code is COMMAND's.
set -um # job control: the command gets a process group of its own
"$@" < /dev/null &
job=$!
trap 'kill -TERM "$job"' TERM INT
{ cat > /dev/null; kill -KILL -- "-$job"; } 2> /dev/null &
watcher=$!
disown "$watcher" # or bash reports its end
code=0
while kill -0 "$job" 2> /dev/null; do
  wait "$job"
  code=$?
done
{ kill -KILL -- "-$watcher" "-$job"; } 2> /dev/null
exit "$code"
