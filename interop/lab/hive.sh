#!/usr/bin/env bash
# hive.sh install [VERSION]         fetch a Hive Metastore and what it needs once: 3 is 3.1.3 (180 MB on disk), 4 is 4.0.1 (150 MB)
# hive.sh start [NAME] [VERSION] [SIGN_IN]
#                                   start a metastore with an empty database of its own, Derby for 3 and PostgreSQL for 4; prints
#                                   how to reach it as JSON with the names of Iceberg's and Hive's properties (uri, warehouse).
#                                   Several names run side by side. Of 4 SIGN_IN may be `plain`, a user and a password, or
#                                   `kerberos`, tickets of a KDC of its own or the delegation token that is printed, too.
# hive.sh stop [NAME]               end that metastore and remove its data, the warehouse included
#
# The tarball of 3 comes without Hadoop and the small commons jars, and its main class listens on every interface. Of 4
# there is no tarball to be had, only jars. What DataNucleus creates by itself lacks the tables of locks: 3 has a schema
# tool, 4 gets them from hive4-locks.sql.
. "$(dirname "$0")/lab.sh"
HADOOP_VERSION=3.3.6
HIVE_3=$LAB/opt/hive-metastore-3.1.3
HIVE_3_JARS=("org.apache.hadoop:hadoop-client-api:$HADOOP_VERSION" "org.apache.hadoop:hadoop-client-runtime:$HADOOP_VERSION"
  commons-logging:commons-logging:1.3.5 org.slf4j:slf4j-api:1.7.36 commons-cli:commons-cli:1.9.0 commons-io:commons-io:2.16.1
  commons-collections:commons-collections:3.2.2 commons-codec:commons-codec:1.17.0)
HIVE_3_SOURCE=$LAB_SOURCE/java/LabHiveMetastore.java
HIVE_4=$LAB/opt/hive-metastore-4.0.1
KERBERIZED_SOURCE=$LAB_SOURCE/java/LabKerberizedHive.java
KERBERIZED=$LAB/opt/kerberized-hive
JAVA_OPENS=(--add-opens=java.base/java.{lang,net,nio,util}=ALL-UNNAMED)

install() {
  need mvn "Maven fetches the JVM components"
  JAVA_HOME=$(java_home 17 21)
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "the Java in $JAVA_HOME has no compiler: set JAVA_HOME to a JDK"
  case $1 in
    3) once hive-metastore "3.1.3 ${HIVE_3_JARS[*]} $(cksum < "$HIVE_3_SOURCE")" install_3 ;;
    4) once hive-metastore-4 "4.0.1 $(cksum < "$LAB_SOURCE/hive4.xml")" install_4 ;;
    *) unavailable "there is no recipe for Hive Metastore $1" ;;
  esac
}

install_3() {
  local staging jar jars=()
  staging=$(mktemp -d "$LAB/opt/.hive-XXXXXX")
  retry "hive-standalone-metastore 3.1.3" env JAVA_HOME="$JAVA_HOME" mvn -B -q -U -f "$LAB_SOURCE/no-project.xml" \
    "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact=org.apache.hive:hive-standalone-metastore:3.1.3:tar.gz:bin -DoutputDirectory="$staging"
  tar xzf "$staging"/*.tar.gz -C "$staging" --strip-components=1
  rm "$staging"/*.tar.gz
  for jar in "${HIVE_3_JARS[@]}"; do
    jar=$(maven_jar "$jar")
    jars+=("$jar")
  done
  mkdir "$staging/lab"
  cp "${jars[@]}" "$staging/lab/"
  "$JAVA_HOME/bin/javac" -proc:none -d "$staging/lab" -cp "$staging/lab/*:$staging/lib/*" "$HIVE_3_SOURCE" >> "$LAB/log/install.log" 2>&1
  rm -rf "$HIVE_3"
  mv "$staging" "$HIVE_3"
}

install_4() {
  local staging hdfs
  staging=$(mktemp -d "$LAB/opt/.hive-XXXXXX")
  retry "hive-standalone-metastore-server 4.0.1" env JAVA_HOME="$JAVA_HOME" mvn -B -q -U -f "$LAB_SOURCE/hive4.xml" \
    "$MAVEN_DEPENDENCY_PLUGIN:copy-dependencies" -DoutputDirectory="$staging" -DincludeScope=runtime
  hdfs=$(maven_jar "org.apache.hadoop:hadoop-hdfs:$HADOOP_VERSION") # one class of it, but without it no database is made
  cp "$hdfs" "$staging/"
  rm -rf "$HIVE_4"
  mv "$staging" "$HIVE_4"
}

compile_kerberized() {
  rm -rf "$KERBERIZED"
  "$JAVA_HOME/bin/javac" -proc:none -d "$KERBERIZED" -cp "$HIVE_4/*" "$KERBERIZED_SOURCE" >> "$LAB/log/install.log" 2>&1
}

start_metastore() {
  local name=hive-$1 version=$2 sign_in=$3 data=$LAB/run/hive-$1.data settings=$LAB/run/hive-$1.json
  if ! running "$name"; then
    install "$version"
    rm -rf "$data"
    mkdir -p "$data"/{warehouse,managed,conf}
    cd "$data" # Derby writes to where it runs
    PORT=$(free_port)
    "start_$version" "$name" "$data" "$sign_in"
    printf '{"uri":"thrift://127.0.0.1:%s","warehouse":"file:%s/warehouse"%s}\n' "$PORT" "$data" "$(signed_in "$sign_in" "$data")" > "$settings"
  fi
  cat "$settings"
}

# settings DATA URL DRIVER USER PASSWORD: NAME=VALUE lines. The defaults of the last two name classes that are not here; Hive 4 wants tables with
# files of their own outside of the warehouse for its own.
settings() {
  cat << END
javax.jdo.option.ConnectionURL=$2
javax.jdo.option.ConnectionDriverName=$3
javax.jdo.option.ConnectionUserName=$4
javax.jdo.option.ConnectionPassword=$5
metastore.thrift.bind.host=127.0.0.1
metastore.warehouse.dir=file:$1/managed
metastore.warehouse.external.dir=file:$1/warehouse
metastore.event.db.notification.api.auth=false
metastore.expression.proxy=org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy
metastore.task.threads.always=org.apache.hadoop.hive.metastore.events.EventCleanerTask
END
}

# signed_in SIGN_IN DATA: what a client says of itself, after what else its settings are.
signed_in() {
  case $1 in
    plain) printf ',"hive.metastore.client.auth.mode":"PLAIN","hive.metastore.client.plain.username":"lab","hive.metastore.client.plain.password":"labsecret"' ;;
    kerberos) printf ',"hive.metastore.sasl.enabled":"true","hive.metastore.delegation-token":"%s"' "$(cat "$2/token")" ;;
  esac
}

# sign_in_settings SIGN_IN: what the server is told of that. A client that has signed in has no other name to give.
sign_in_settings() {
  [ "$1" != plain ] || printf '%s\n' metastore.authentication=CONFIG metastore.authentication.config.username=lab \
    metastore.authentication.config.password=labsecret metastore.execute.setugi=false
}

start_3() {
  local java=("$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" "-Dderby.stream.error.file=$2/derby.log" "${JAVA_OPENS[@]}" -cp "$HIVE_3/lab:$HIVE_3/lab/*:$HIVE_3/lib/*")
  local arguments url="jdbc:derby:;databaseName=$2/metastore_db;create=true" driver=org.apache.derby.jdbc.EmbeddedDriver
  METASTORE_HOME=$HIVE_3 "${java[@]}" org.apache.hadoop.hive.metastore.tools.MetastoreSchemaTool -dbType derby -initSchema -url "$url" \
    -driver "$driver" -userName APP -passWord mine -metaDbType derby > "$LAB/log/$1-schema.log" 2>&1 || {
    tail -n 15 "$LAB/log/$1-schema.log" >&2
    return 1
  }
  mapfile -t arguments < <(settings "$2" "$url" "$driver" APP mine)
  start "$1" "$PORT" "${java[@]}" LabHiveMetastore "$PORT" "${arguments[@]}" datanucleus.connectionPoolingType=NONE hive.in.test=false metastore.try.direct.sql=true
}

# With Derby its lock manager may come to a stand for good: a call that is tried again keeps the locks of its first try.
start_4() {
  local line database url
  database=$("$LAB_SOURCE/postgres.sh" start "$1")
  url=$(sed 's/.*"uri":"\([^"]*\)".*/\1/' <<< "$database")
  "$JAVA_HOME/bin/java" -cp "$HIVE_4/*" "$LAB_SOURCE/java/LabSql.java" "$url" lab labsecret "$LAB_SOURCE/hive4-locks.sql"
  {
    echo '<configuration>'
    while IFS= read -r line; do
      printf '<property><name>%s</name><value>%s</value></property>\n' "${line%%=*}" "${line#*=}"
    done < <(
      settings "$2" "$url" org.postgresql.Driver lab labsecret
      printf '%s\n' metastore.schema.verification=false datanucleus.schema.autoCreateAll=true metastore.housekeeping.threads.on=false
      sign_in_settings "$3"
    )
    echo '</configuration>'
  } > "$2/conf/metastore-site.xml"
  local java=("$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" "${JAVA_OPENS[@]}" -cp "$2/conf:$KERBERIZED:$HIVE_4/*")
  if [ "$3" != kerberos ]; then
    start "$1" "$PORT" "${java[@]}" org.apache.hadoop.hive.metastore.HiveMetaStore -p "$PORT"
    return
  fi
  once kerberized-hive "4.0.1 $(cksum < "$KERBERIZED_SOURCE")" compile_kerberized
  start "$1" "$PORT" "${java[@]}" LabKerberizedHive "$2" "$PORT" "$(free_port)"
  # The port is open before there is a token.
  until [ -f "$2/token" ]; do
    running "$1" || {
      say "$1 has ended before it served; the end of $LAB/log/$1.log:"
      tail -n 15 "$LAB/log/$1.log" >&2
      return 1
    }
    sleep 0.2
  done
}

stop_metastore() {
  stop "hive-$1"
  "$LAB_SOURCE/postgres.sh" stop "hive-$1"
  rm -rf "$LAB/run/hive-$1.data" "$LAB/run/hive-$1.json"
}

command=${1:-install}
case $command in
  install)
    install "${2:-3}"
    echo "$LAB/opt"
    ;;
  start) start_metastore "${2:-default}" "${3:-3}" "${4:-none}" ;;
  stop) stop_metastore "${2:-default}" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
