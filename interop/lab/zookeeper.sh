#!/usr/bin/env bash
# zookeeper.sh install           fetch ZooKeeper, with Curator for clients, once (30 MB on disk)
# zookeeper.sh start [NAME]      start one server with nothing stored, or again one that was killed, with all that it had;
#                                prints how to reach it as JSON: `address`. Servers of several names run side by side.
# zookeeper.sh kill [NAME]       end that server at once, as a power failure would; its data stays
# zookeeper.sh stop [NAME]       end that server and remove its data
# zookeeper.sh shell ADDRESS COMMAND...
#                                run one command in ZooKeeper's own shell
# zookeeper.sh latch ADDRESS PATH ID
#                                take part in an election as LeaderLatch of Curator does (java/LabLatch.java)
. "$(dirname "$0")/lab.sh"
ZOOKEEPER_VERSION=3.9.4
CURATOR_VERSION=5.7.1
# The server needs these, and its artifact does not name them as needed; Jetty's are loaded though its server is off.
ZOOKEEPER_JARS=("org.apache.zookeeper:zookeeper:$ZOOKEEPER_VERSION" "org.apache.curator:curator-recipes:$CURATOR_VERSION"
  io.dropwizard.metrics:metrics-core:4.1.12.1 org.xerial.snappy:snappy-java:1.1.10.5 commons-cli:commons-cli:1.5.0
  org.eclipse.jetty:jetty-server:9.4.58.v20250814 org.eclipse.jetty:jetty-servlet:9.4.58.v20250814
  com.fasterxml.jackson.core:jackson-databind:2.15.2 org.slf4j:slf4j-simple:2.0.13)
SOURCE=$LAB_SOURCE/java/LabLatch.java
CLASSES=$LAB/opt/zookeeper

install() {
  JAVA_HOME=$(java_home 17 21)
  JARS=$(maven_tree zookeeper "${ZOOKEEPER_JARS[@]}")
  once zookeeper "$JARS ${ZOOKEEPER_JARS[*]} $(cksum < "$SOURCE")" compile
  JAVA=("$JAVA_HOME/bin/java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CLASSES:$JARS/*")
}

compile() {
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "$JAVA_HOME has no compiler: set JAVA_HOME to a JDK from 17 to 21"
  rm -rf "$CLASSES"
  "$JAVA_HOME/bin/javac" -proc:none -d "$CLASSES" -cp "$JARS/*" "$SOURCE" >> "$LAB/log/install.log" 2>&1
}

# A tick of 500 ms allows sessions from one second on.
start_server() {
  local name=zookeeper-$1 data=$LAB/run/zookeeper-$1.data settings=$LAB/run/zookeeper-$1.json port
  if ! running "$name"; then
    install
    if [ -f "$settings" ]; then
      port=$(sed 's/.*127.0.0.1:\([0-9]*\).*/\1/' "$settings")
    else
      rm -rf "$data"
      mkdir -p "$data"
      port=$(free_port)
      printf 'tickTime=500\ndataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\n' \
        "$data" "$port" > "$data/zoo.cfg"
    fi
    start "$name" "$port" "${JAVA[@]}" org.apache.zookeeper.server.quorum.QuorumPeerMain "$data/zoo.cfg"
    printf '{"address":"127.0.0.1:%s"}\n' "$port" > "$settings"
  fi
  cat "$settings"
}

# The whole group at once: nobody is told.
kill_server() {
  local pid
  running "zookeeper-$1" || return 0
  read -r pid _ < "$LAB/run/zookeeper-$1.pid"
  kill -9 -- "-$pid"
  gone "$pid"
}

stop_server() {
  kill_server "$1"
  rm -rf "$LAB/run/zookeeper-$1.data" "$LAB/run/zookeeper-$1.json" "$LAB/run/zookeeper-$1.pid"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$JARS"
    ;;
  start) start_server "$name" ;;
  kill) kill_server "$name" ;;
  stop) stop_server "$name" ;;
  shell)
    install
    exec "${JAVA[@]}" org.apache.zookeeper.ZooKeeperMain -server "$2" "${@:3}"
    ;;
  latch)
    install
    exec "${JAVA[@]}" LabLatch "$2" "$3" "$4"
    ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
