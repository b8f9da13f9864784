#!/usr/bin/env bash
# flink.sh install           fetch Flink and Iceberg's runtime for it once (330 MB on disk)
# flink.sh versions          name them
# flink.sh sql FILE.sql      run a file of SQL statements in an embedded mini cluster (no port is opened)
#
# Flink's tarball is not on any package registry; its jars are in the source package apache-flink-libraries on PyPI.
. "$(dirname "$0")/lab.sh"
FLINK_VERSION=1.20.3
ICEBERG_VERSION=1.11.0
HADOOP_VERSION=3.3.6
FLINK=$LAB/opt/flink-$FLINK_VERSION

install() {
  once flink "$FLINK_VERSION local iceberg-$ICEBERG_VERSION hadoop-$HADOOP_VERSION" install_flink
  JAVA_HOME=$(java_home 11 17)
}

install_flink() {
  local pip staging root=apache-flink-libraries-$FLINK_VERSION jar
  need python3
  pip=$(venv pip pip==25.3)/bin/pip
  staging=$(mktemp -d "$LAB/opt/.flink-XXXXXX")
  retry "apache-flink-libraries $FLINK_VERSION" "$pip" download -q --disable-pip-version-check --no-deps --no-binary :all: \
    -d "$staging" "apache-flink-libraries==$FLINK_VERSION"
  tar xzf "$staging"/apache*flink*libraries-"$FLINK_VERSION".tar.gz -C "$staging" --strip-components=2 "$root/deps/lib" "$root/deps/opt"
  rm "$staging"/*.tar.gz
  for jar in "org.apache.flink:flink-sql-gateway:$FLINK_VERSION" "org.apache.iceberg:iceberg-flink-runtime-1.20:$ICEBERG_VERSION" \
    "org.apache.hadoop:hadoop-client-api:$HADOOP_VERSION" "org.apache.hadoop:hadoop-client-runtime:$HADOOP_VERSION" \
    commons-logging:commons-logging:1.3.5; do
    jar=$(maven_jar "$jar")
    ln "$jar" "$staging/lib/" || cp "$jar" "$staging/lib/"
  done
  mkdir -p "$staging/conf" "$staging/plugins"
  write_config > "$staging/conf/config.yaml"
  write_log_config > "$staging/conf/log4j.properties"
  rm -rf "$FLINK"
  mv "$staging" "$FLINK"
}

# execution.target local: each INSERT runs in a mini cluster inside the client.
write_config() {
  cat << 'END'
execution.target: local
parallelism.default: 1
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
jobmanager.bind-host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.host: 127.0.0.1
classloader.check-leaked-classloader: false
END
}

write_log_config() {
  cat << 'END'
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1} %m%n
END
}

# The SQL client loads a class of flink-python even where no Python is used, hence opt/*. Its exit code says nothing
# about the statements: a failed one prints "[ERROR]" and is turned into exit code 1 here.
run_sql() {
  local packages=(java.util java.lang java.net java.io java.nio sun.nio.ch java.lang.reflect java.text java.time
    java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks) opens=() package output history=$LAB/run/flink-history-$$
  install
  for package in "${packages[@]}"; do opens+=("--add-opens=java.base/$package=ALL-UNNAMED"); done
  output=$(FLINK_CONF_DIR=$FLINK/conf FLINK_LIB_DIR=$FLINK/lib FLINK_PLUGINS_DIR=$FLINK/plugins FLINK_OPT_DIR=$FLINK/opt \
    "$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" -Duser.timezone=UTC "${opens[@]}" "-Dlog4j.configurationFile=$FLINK/conf/log4j.properties" \
    -cp "$FLINK/lib/*:$FLINK/opt/*" org.apache.flink.table.client.SqlClient embedded -hist "$history" -f "$1")
  rm -f "$history"
  printf '%s\n' "$output"
  ! grep -qF '[ERROR]' <<< "$output"
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$FLINK"
    ;;
  versions) echo "Flink $FLINK_VERSION, Iceberg $ICEBERG_VERSION" ;;
  sql) run_sql "$1" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
