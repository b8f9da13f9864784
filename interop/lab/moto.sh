#!/usr/bin/env bash
# moto.sh install         fetch moto, a server that speaks Glue, S3 and STS, once (180 MB on disk)
# moto.sh start [NAME]    start a server with an empty bucket `lab`; prints how to reach it as JSON with the names of
#                         Iceberg's properties (glue.endpoint, s3.endpoint, ...). Servers of several names run side by side.
# moto.sh stop [NAME]     end that server; it kept everything in memory
# moto.sh boto3           fetch boto3 alone; prints a directory for PYTHONPATH, by which PyIceberg's catalog of Glue works
# moto.sh python ARG...   run Python with boto3
# moto.sh bundle          fetch AWS's client for Java as Iceberg packs it (55 MB); prints its path, for Spark's class path
. "$(dirname "$0")/lab.sh"
MOTO_VERSION=5.2.5
BOTO3_VERSION=1.44.5
ICEBERG_VERSION=1.12.0 # that of spark.sh

install() { MOTO_ENV=$(venv moto "moto[server]==$MOTO_VERSION" "boto3==$BOTO3_VERSION"); }

install_boto3() { BOTO3_ENV=$(venv boto3 "boto3==$BOTO3_VERSION"); }

start_server() {
  local name=moto-$1 settings=$LAB/run/moto-$1.json port endpoint
  if ! running "$name"; then
    install
    port=$(free_port)
    endpoint=http://127.0.0.1:$port
    PYTHONDONTWRITEBYTECODE=1 start "$name" "$port" "$MOTO_ENV/bin/python" "$LAB_SOURCE/moto_server.py" "$port"
    curl -fs -o /dev/null --retry 30 --retry-delay 1 --retry-all-errors -X PUT "$endpoint/lab"
    printf '{"warehouse":"s3://lab/warehouse","glue.endpoint":"%s","s3.endpoint":"%s","s3.access-key-id":"lab","s3.secret-access-key":"labsecret","s3.path-style-access":"true","client.region":"us-east-1"}\n' \
      "$endpoint" "$endpoint" > "$settings"
  fi
  cat "$settings"
}

stop_server() {
  stop "moto-$1"
  rm -f "$LAB/run/moto-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$MOTO_ENV"
    ;;
  start) start_server "$name" ;;
  stop) stop_server "$name" ;;
  boto3)
    install_boto3
    echo "$BOTO3_ENV"/lib/python3*/site-packages
    ;;
  python)
    shift
    install_boto3
    PYTHONDONTWRITEBYTECODE=1 exec "$BOTO3_ENV/bin/python" "$@"
    ;;
  bundle) maven_jar "org.apache.iceberg:iceberg-aws-bundle:$ICEBERG_VERSION" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
