#!/usr/bin/env bash
# minio.sh install         build MinIO once with the Go toolchain (about 4 minutes on two cores; 110 MB on disk)
# minio.sh start [NAME]    start a server with an empty bucket `lab`; prints how to reach it as JSON with the names of
#                          Iceberg's properties (warehouse, s3.endpoint, ...). Servers of several names run side by side.
# minio.sh stop [NAME]     end that server and remove its data
. "$(dirname "$0")/lab.sh"
MINIO_MODULE=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
MINIO_ACCESS_KEY=lab
MINIO_SECRET_KEY=labsecret

install() { once minio "$MINIO_MODULE" build_minio; }

# The module has no `replace`, so it builds from the module proxy alone; its releases are not tagged in Go's way.
build_minio() {
  local staging
  need go "the Go toolchain builds MinIO"
  staging=$(mktemp -d "$LAB/opt/.minio-XXXXXX")
  retry "$MINIO_MODULE" env GOBIN="$staging" CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
    nice go install -p "${LAB_BUILD_JOBS:-2}" -ldflags '-s -w' "$MINIO_MODULE"
  mkdir -p "$LAB/opt/minio"
  mv "$staging/minio" "$LAB/opt/minio/minio"
  rmdir "$staging"
}

start_server() {
  local name=minio-$1 data=$LAB/run/minio-$1.data settings=$LAB/run/minio-$1.json port endpoint
  if ! running "$name"; then
    install
    rm -rf "$data"
    mkdir -p "$data/lab" # a directory there is a bucket
    port=$(free_port)
    endpoint=http://127.0.0.1:$port
    MINIO_ROOT_USER=$MINIO_ACCESS_KEY MINIO_ROOT_PASSWORD=$MINIO_SECRET_KEY MINIO_BROWSER=off MINIO_UPDATE=off CI=on \
      start "$name" "$port" "$LAB/opt/minio/minio" server --quiet --address "127.0.0.1:$port" "$data"
    # The port is open before the server has read its disk.
    curl -fs -o /dev/null --retry 30 --retry-delay 1 --retry-all-errors "$endpoint/minio/health/ready"
    printf '{"warehouse":"s3://lab/warehouse","s3.endpoint":"%s","s3.access-key-id":"%s","s3.secret-access-key":"%s","s3.path-style-access":"true","client.region":"us-east-1"}\n' \
      "$endpoint" "$MINIO_ACCESS_KEY" "$MINIO_SECRET_KEY" > "$settings"
  fi
  cat "$settings"
}

stop_server() {
  stop "minio-$1"
  rm -rf "$LAB/run/minio-$1.data" "$LAB/run/minio-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$LAB/opt/minio/minio"
    ;;
  start) start_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
