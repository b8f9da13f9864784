#!/usr/bin/env bash
# rest-server.sh install         fetch Iceberg's reference REST catalog once; it is part of the compatibility kit (120 MB on disk)
# rest-server.sh start [NAME]    start one with a catalog (JdbcCatalog in SQLite) and a warehouse of its own, or again one that was
#                                killed, with all that it had; prints how to reach it as JSON with the names of Iceberg's
#                                properties (uri, warehouse), and its database. Servers of several names run side by side.
# rest-server.sh kill [NAME]     end that server at once, as a power failure would; what it has stays
# rest-server.sh stop [NAME]     end that server and remove its data, the warehouse included
. "$(dirname "$0")/lab.sh"
SOURCE=$LAB_SOURCE/java/LabRestServer.java
CLASSES=$LAB/opt/rest-server

install() {
  JAVA_HOME=$(java_home 17 21)
  JARS=$("$LAB_SOURCE/rck.sh" install)
  once rest-server "$JARS $(cksum < "$SOURCE")" compile
}

compile() {
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "$JAVA_HOME has no compiler: set JAVA_HOME to a JDK from 17 to 21"
  rm -rf "$CLASSES"
  "$JAVA_HOME/bin/javac" -proc:none -d "$CLASSES" -cp "$JARS/*" "$SOURCE" >> "$LAB/log/install.log" 2>&1
}

# SQLite lets one write at a time, and a pool of connections of its own would make the server fail the others.
start_server() {
  local name=rest-server-$1 data=$LAB/run/rest-server-$1.data settings=$LAB/run/rest-server-$1.json port
  if ! running "$name"; then
    install
    if [ -f "$settings" ]; then
      port=$(sed 's/.*127.0.0.1:\([0-9]*\).*/\1/' "$settings")
    else
      rm -rf "$data"
      mkdir -p "$data/warehouse"
      port=$(free_port)
    fi
    start "$name" "$port" "$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" -Dfile.encoding=UTF-8 \
      -cp "$CLASSES:$JARS/*" org.apache.iceberg.rest.LabRestServer "$port" catalog-impl=org.apache.iceberg.jdbc.JdbcCatalog \
      "uri=jdbc:sqlite:file:$data/catalog.db" "warehouse=file:$data/warehouse" clients=1 jdbc.schema-version=V1 \
      jdbc.strict-mode=true unique-table-location=true
    printf '{"uri":"http://127.0.0.1:%s","warehouse":"file:%s/warehouse","database":"%s/catalog.db"}\n' "$port" "$data" "$data" > "$settings"
  fi
  cat "$settings"
}

# The whole group at once: nobody is told.
kill_server() {
  local pid
  running "rest-server-$1" || return 0
  read -r pid _ < "$LAB/run/rest-server-$1.pid"
  kill -9 -- "-$pid"
  gone "$pid"
}

stop_server() {
  kill_server "$1"
  rm -rf "$LAB/run/rest-server-$1.data" "$LAB/run/rest-server-$1.json" "$LAB/run/rest-server-$1.pid"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$CLASSES"
    ;;
  start) start_server "$name" ;;
  kill) kill_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
