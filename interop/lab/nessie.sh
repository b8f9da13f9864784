#!/usr/bin/env bash
# nessie.sh install                               fetch Nessie once (250 MB on disk)
# nessie.sh start NAME S3_ENDPOINT KEY SECRET     start one that keeps its catalog in memory and its tables in the bucket `lab` of
#                                                 an S3 server, for each of which it hands out keys of a session; prints how to reach it as JSON with the names of Iceberg's
#                                                 properties (uri, warehouse). Servers of several names run side by side.
# nessie.sh stop [NAME]                           end that server
. "$(dirname "$0")/lab.sh"
NESSIE_VERSION=0.99.0

install() {
  JAVA_HOME=$(java_home 21 25)
  NESSIE=$(maven_jar "org.projectnessie.nessie:nessie-quarkus:$NESSIE_VERSION:runner")
}

start_server() {
  local name=nessie-$1 settings=$LAB/run/nessie-$1.json port s3=nessie.catalog.service.s3.default-options
  if ! running "$name"; then
    install
    port=$(free_port)
    cd "$LAB/run" # it would take a folder `config` from where it runs
    start "$name" "$port" "$JAVA_HOME/bin/java" -Xmx512m "${JAVA_BRIEF[@]}" \
      -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$port" -Dquarkus.log.level=WARN \
      -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port=0 -Dquarkus.oidc.tenant-enabled=false -Dquarkus.otel.sdk.disabled=true \
      -Dnessie.version.store.type=IN_MEMORY -Dnessie.server.send-stacktrace-to-client=false \
      -Dnessie.catalog.default-warehouse=lab -Dnessie.catalog.warehouses.lab.location=s3://lab/nessie/ \
      "-D$s3.endpoint=$2" -D$s3.region=us-east-1 -D$s3.path-style-access=true -D$s3.request-signing-enabled=false \
      -D$s3.client-iam.enabled=true "-D$s3.sts-endpoint=$2" -D$s3.client-iam.assume-role=arn:aws:iam::123456789012:role/lab \
      -D$s3.access-key=urn:nessie-secret:quarkus:lab.key "-Dlab.key.name=$3" "-Dlab.key.secret=$4" -jar "$NESSIE"
    printf '{"uri":"http://127.0.0.1:%s/iceberg","warehouse":"lab"}\n' "$port" > "$settings"
  fi
  cat "$settings"
}

stop_server() {
  stop "nessie-$1"
  rm -f "$LAB/run/nessie-$1.json"
}

command=${1:-install}
case $command in
  install)
    install
    echo "$NESSIE"
    ;;
  start) start_server "$2" "$3" "$4" "$5" ;;
  stop) stop_server "${2:-default}" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
