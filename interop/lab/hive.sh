#!/usr/bin/env bash
# hive.sh install         fetch Hive Metastore 3.1.3 and what it needs once (180 MB on disk)
# hive.sh start [NAME]    start a metastore with an empty database of its own; prints how to reach it as JSON with the names
#                         of Iceberg's properties (uri, warehouse). Metastores of several names run side by side.
# hive.sh stop [NAME]     end that metastore and remove its data, the warehouse included
#
# The tarball comes without Hadoop and the small commons jars. Its schema comes from its own schema tool: what DataNucleus
# would create by itself lacks the tables of locks.
. "$(dirname "$0")/lab.sh"
HIVE_VERSION=3.1.3
HADOOP_VERSION=3.3.6
HIVE=$LAB/opt/hive-metastore-$HIVE_VERSION
HIVE_JARS=("org.apache.hadoop:hadoop-client-api:$HADOOP_VERSION" "org.apache.hadoop:hadoop-client-runtime:$HADOOP_VERSION"
  commons-logging:commons-logging:1.3.5 org.slf4j:slf4j-api:1.7.36 commons-cli:commons-cli:1.9.0 commons-io:commons-io:2.16.1
  commons-collections:commons-collections:3.2.2 commons-codec:commons-codec:1.17.0)
HIVE_SOURCE=$LAB_SOURCE/java/LabHiveMetastore.java

install() {
  need mvn "Maven fetches the JVM components"
  JAVA_HOME=$(java_home 17 21)
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "the Java in $JAVA_HOME has no compiler: set JAVA_HOME to a JDK"
  once hive-metastore "$HIVE_VERSION ${HIVE_JARS[*]} $(cksum < "$HIVE_SOURCE")" install_hive
}

install_hive() {
  local staging jar jars=()
  staging=$(mktemp -d "$LAB/opt/.hive-XXXXXX")
  retry "hive-standalone-metastore $HIVE_VERSION" env JAVA_HOME="$JAVA_HOME" mvn -B -q -U -f "$LAB_SOURCE/no-project.xml" \
    "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact="org.apache.hive:hive-standalone-metastore:$HIVE_VERSION:tar.gz:bin" \
    -DoutputDirectory="$staging"
  tar xzf "$staging"/*.tar.gz -C "$staging" --strip-components=1
  rm "$staging"/*.tar.gz
  for jar in "${HIVE_JARS[@]}"; do
    jar=$(maven_jar "$jar")
    jars+=("$jar")
  done
  mkdir "$staging/lab"
  cp "${jars[@]}" "$staging/lab/"
  "$JAVA_HOME/bin/javac" -proc:none -d "$staging/lab" -cp "$staging/lab/*:$staging/lib/*" "$HIVE_SOURCE" >> "$LAB/log/install.log" 2>&1
  rm -rf "$HIVE"
  mv "$staging" "$HIVE"
}

# java CLASS ARG...: in the environment that both the schema tool and the metastore need.
hive_command() {
  local data=$1
  HIVE_COMMAND=("$JAVA_HOME/bin/java" -Xmx512m "-Dderby.stream.error.file=$data/derby.log"
    --add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED
    -cp "$HIVE/lab:$HIVE/lab/*:$HIVE/lib/*")
}

start_metastore() {
  local name=hive-$1 data=$LAB/run/hive-$1.data settings=$LAB/run/hive-$1.json port url
  if ! running "$name"; then
    install
    rm -rf "$data"
    mkdir -p "$data/warehouse"
    cd "$data"
    hive_command "$data"
    url="jdbc:derby:;databaseName=$data/metastore_db;create=true"
    METASTORE_HOME=$HIVE "${HIVE_COMMAND[@]}" org.apache.hadoop.hive.metastore.tools.MetastoreSchemaTool -dbType derby -initSchema \
      -url "$url" -driver org.apache.derby.jdbc.EmbeddedDriver -userName APP -passWord mine -metaDbType derby \
      > "$LAB/log/$name-schema.log" 2>&1 || {
      tail -n 15 "$LAB/log/$name-schema.log" >&2
      return 1
    }
    port=$(free_port)
    # The defaults of the last three name classes that are not in the tarball.
    start "$name" "$port" "${HIVE_COMMAND[@]}" LabHiveMetastore "$port" \
      "javax.jdo.option.ConnectionURL=$url" javax.jdo.option.ConnectionDriverName=org.apache.derby.jdbc.EmbeddedDriver \
      javax.jdo.option.ConnectionUserName=APP javax.jdo.option.ConnectionPassword=mine datanucleus.connectionPoolingType=NONE \
      "metastore.warehouse.dir=file:$data/warehouse" "hive.metastore.warehouse.dir=file:$data/warehouse" \
      metastore.try.direct.sql=true hive.in.test=false metastore.event.db.notification.api.auth=false \
      metastore.expression.proxy=org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy \
      metastore.task.threads.always=org.apache.hadoop.hive.metastore.events.EventCleanerTask
    printf '{"uri":"thrift://127.0.0.1:%s","warehouse":"file:%s/warehouse"}\n' "$port" "$data" > "$settings"
  fi
  cat "$settings"
}

stop_metastore() {
  stop "hive-$1"
  rm -rf "$LAB/run/hive-$1.data" "$LAB/run/hive-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$HIVE"
    ;;
  start) start_metastore "$name" ;;
  stop) stop_metastore "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
