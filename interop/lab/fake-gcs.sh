#!/usr/bin/env bash
# fake-gcs.sh install         build fake-gcs-server, an emulator of Google Cloud Storage, once with the Go toolchain (about 4
#                             minutes on two cores; 35 MB on disk)
# fake-gcs.sh start [NAME]    start a server with an empty bucket `lab`; prints how to reach it as JSON with the names of
#                             Iceberg's properties (warehouse, gcs.service.host, ...). Servers of several names run side by
#                             side.
# fake-gcs.sh stop [NAME]     end that server; it kept everything in memory
. "$(dirname "$0")/lab.sh"
FAKE_GCS_MODULE=github.com/fsouza/fake-gcs-server@v1.56.1

install() { once fake-gcs "$FAKE_GCS_MODULE" build_fake_gcs; }

build_fake_gcs() {
  local staging
  need go "the Go toolchain builds fake-gcs-server"
  staging=$(mktemp -d "$LAB/opt/.fake-gcs-XXXXXX")
  retry "$FAKE_GCS_MODULE" env GOBIN="$staging" CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
    nice go install -p "${LAB_BUILD_JOBS:-2}" -ldflags '-s -w' "$FAKE_GCS_MODULE"
  mkdir -p "$LAB/opt/fake-gcs"
  mv "$staging/fake-gcs-server" "$LAB/opt/fake-gcs/fake-gcs-server"
  rmdir "$staging"
}

start_server() {
  local name=fake-gcs-$1 settings=$LAB/run/fake-gcs-$1.json port endpoint
  if ! running "$name"; then
    install
    port=$(free_port)
    endpoint=http://127.0.0.1:$port
    start "$name" "$port" "$LAB/opt/fake-gcs/fake-gcs-server" -backend memory -scheme http -host 127.0.0.1 -port "$port" \
      -public-host "127.0.0.1:$port" -external-url "$endpoint" -log-level warn
    curl -fs -o /dev/null --retry 30 --retry-delay 1 --retry-all-errors -H 'content-type: application/json' \
      -d '{"name":"lab"}' "$endpoint/storage/v1/b?project=lab"
    printf '{"warehouse":"gs://lab/warehouse","gcs.service.host":"%s","gcs.no-auth":"true"}\n' "$endpoint" > "$settings"
  fi
  cat "$settings"
}

stop_server() {
  stop "fake-gcs-$1"
  rm -f "$LAB/run/fake-gcs-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$LAB/opt/fake-gcs/fake-gcs-server"
    ;;
  start) start_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
