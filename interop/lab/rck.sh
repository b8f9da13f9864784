#!/usr/bin/env bash
# rck.sh install                                  fetch Iceberg's REST compatibility kit once (120 MB on disk)
# rck.sh run URI WAREHOUSE REPORTS [NAME=VALUE]...   run it against a REST catalog (URI without /v1) that is empty; JUnit's
#                                                 XML reports go to REPORTS; the exit code is 1 if a test failed
# rck.sh run-more URI WAREHOUSE REPORTS [NAME=VALUE]...   run likewise what the kit has and turns off in code, whatever its
#                                                 settings say (java/LabCatalogKit.java)
. "$(dirname "$0")/lab.sh"
ICEBERG_VERSION=1.11.0 # the newest with a kit in the registry
JETTY_VERSION=12.1.7
HADOOP_VERSION=3.4.2

install() {
  JAVA_HOME=$(java_home 17 21)
  RCK=$(maven_tree "rck-$ICEBERG_VERSION" \
    "org.apache.iceberg:iceberg-core:$ICEBERG_VERSION" "org.apache.iceberg:iceberg-core:$ICEBERG_VERSION:tests" \
    "org.apache.iceberg:iceberg-api:$ICEBERG_VERSION:tests" "org.apache.iceberg:iceberg-open-api:$ICEBERG_VERSION:tests" \
    "org.apache.iceberg:iceberg-open-api:$ICEBERG_VERSION:test-fixtures" \
    "org.apache.iceberg:iceberg-parquet:$ICEBERG_VERSION" "org.apache.iceberg:iceberg-data:$ICEBERG_VERSION" \
    "org.eclipse.jetty.ee10:jetty-ee10-servlet:$JETTY_VERSION" \
    "org.eclipse.jetty.compression:jetty-compression-server:$JETTY_VERSION" \
    "org.eclipse.jetty.compression:jetty-compression-gzip:$JETTY_VERSION" \
    org.junit.platform:junit-platform-console-standalone:1.13.4 org.assertj:assertj-core:3.27.3 \
    org.awaitility:awaitility:4.3.0 org.mockito:mockito-core:4.11.0 org.xerial:sqlite-jdbc:3.50.3.0 \
    org.slf4j:slf4j-simple:2.0.17 commons-logging:commons-logging:1.3.5 \
    "-org.apache.hadoop:hadoop-client-api:$HADOOP_VERSION" "-org.apache.hadoop:hadoop-client-runtime:$HADOOP_VERSION")
}

MORE=$LAB_SOURCE/java/LabCatalogKit.java
CLASSES=$LAB/opt/rck-more

compile_more() {
  [ -x "$JAVA_HOME/bin/javac" ] || unavailable "$JAVA_HOME has no compiler: set JAVA_HOME to a JDK from 17 to 21"
  rm -rf "$CLASSES"
  "$JAVA_HOME/bin/javac" -proc:none -d "$CLASSES" -cp "$RCK/*" "$MORE" >> "$LAB/log/install.log" 2>&1
}

run() {
  install
  junit "$RCK/*" "$@" -- --select-class org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests \
    --select-class org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests
}

run_more() {
  local name selected=()
  install
  once rck-more "$RCK $(cksum < "$MORE")" compile_more
  for name in testListNestedNamespaces testDropNamespaceWithNestedNamespace testNamespaceWithSlash testTableNameWithSlash \
    createTableInUniqueLocation; do
    selected+=(--select-method "org.apache.iceberg.rest.LabCatalogKit#$name")
  done
  junit "$CLASSES:$RCK/*" "$@" -- "${selected[@]}"
}

# junit CLASSPATH URI WAREHOUSE REPORTS [NAME=VALUE]... -- SELECTED...
junit() {
  local classes=$1 uri=$2 warehouse=$3 reports=$4 setting flags=()
  shift 4
  # The classes read some settings by their plain names and some with the prefix "rck.".
  for setting in "uri=$uri" "warehouse=$warehouse" local=false purge-test-namespaces=true; do
    flags+=("-D$setting" "-Drck.$setting")
  done
  for (( ; $# > 0; )); do
    setting=$1
    shift
    [ "$setting" != -- ] || break
    flags+=("-D$setting" "-Drck.$setting")
  done
  mkdir -p "$reports"
  "$JAVA_HOME/bin/java" -Xmx1g -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8 \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=error "${flags[@]}" -cp "$classes" \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=none \
    "$@" --reports-dir="$reports" >&2
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$RCK"
    ;;
  run) run "$@" ;;
  run-more) run_more "$@" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
