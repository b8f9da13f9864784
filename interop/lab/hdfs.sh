#!/usr/bin/env bash
# hdfs.sh install         fetch a small HDFS once (150 MB on disk)
# hdfs.sh start [NAME]    start a name node and a data node, in one process, with nothing stored; or again one that was killed,
#                         with all that it had. Prints how to reach it as JSON: `uri` (hdfs://), and settings by Hadoop's
#                         names. Servers of several names run side by side.
# hdfs.sh kill [NAME]     end that server at once, as a power failure would; its data stays
# hdfs.sh stop [NAME]     end that server and remove its data
. "$(dirname "$0")/lab.sh"
HADOOP_VERSION=3.5.0
HDFS=$LAB/opt/hdfs-$HADOOP_VERSION
HDFS_JARS=("org.apache.hadoop:hadoop-client-minicluster:$HADOOP_VERSION" "org.apache.hadoop:hadoop-client-api:$HADOOP_VERSION"
  "org.apache.hadoop:hadoop-client-runtime:$HADOOP_VERSION" org.slf4j:slf4j-api:1.7.36 org.slf4j:slf4j-simple:1.7.36
  commons-logging:commons-logging:1.3.5 org.mockito:mockito-core:2.28.2 junit:junit:4.13.2)
HDFS_SOURCE=$LAB_SOURCE/java/LabHdfs.java

install() {
  need mvn "Maven fetches the JVM components"
  JAVA_HOME=$(java_home 17 21)
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "the Java in $JAVA_HOME has no compiler: set JAVA_HOME to a JDK"
  once hdfs "${HDFS_JARS[*]} $(cksum < "$HDFS_SOURCE")" install_hdfs
}

install_hdfs() {
  local staging jar
  staging=$(mktemp -d "$LAB/opt/.hdfs-XXXXXX")
  for jar in "${HDFS_JARS[@]}"; do
    jar=$(maven_jar "$jar")
    cp "$jar" "$staging/"
  done
  "$JAVA_HOME/bin/javac" -proc:none -d "$staging" -cp "$staging/*" "$HDFS_SOURCE" >> "$LAB/log/install.log" 2>&1
  rm -rf "$HDFS"
  mv "$staging" "$HDFS"
}

start_server() {
  local name=hdfs-$1 data=$LAB/run/hdfs-$1.data settings=$LAB/run/hdfs-$1.json rpc web
  if ! running "$name"; then
    install
    if [ -f "$settings" ]; then
      rpc=$(sed 's/.*hdfs:..127.0.0.1:\([0-9]*\).*/\1/' "$settings")
      web=$(sed 's/.*http-address":"127.0.0.1:\([0-9]*\).*/\1/' "$settings")
    else
      rm -rf "$data"
      mkdir -p "$data"
      rpc=$(free_port)
      web=$(free_port)
    fi
    cd "$data"
    rm -f "$data/up"
    start "$name" "$web" "$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$HDFS:$HDFS/*" \
      LabHdfs "$data" "$rpc" "$web"
    # The port is open before blocks are reported and safe mode is left.
    until [ -f "$data/up" ]; do
      if ! running "$name"; then
        say "$name has ended before it served; the end of $LAB/log/$name.log:"
        tail -n 15 "$LAB/log/$name.log" >&2
        return 1
      fi
      sleep 0.1
    done
    printf '{"uri":"hdfs://127.0.0.1:%s","dfs.namenode.http-address":"127.0.0.1:%s","hdfs.user":"lab"}\n' "$rpc" "$web" > "$settings"
  fi
  cat "$settings"
}

# The whole group at once: nothing is flushed, nobody is told.
kill_server() {
  local pid
  running "hdfs-$1" || return 0
  read -r pid _ < "$LAB/run/hdfs-$1.pid"
  kill -9 -- "-$pid"
  gone "$pid"
}

stop_server() {
  kill_server "$1"
  rm -rf "$LAB/run/hdfs-$1.data" "$LAB/run/hdfs-$1.json" "$LAB/run/hdfs-$1.pid"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$HDFS"
    ;;
  start) start_server "$name" ;;
  kill) kill_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
