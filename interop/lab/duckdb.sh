#!/usr/bin/env bash
# duckdb.sh install           fetch DuckDB and its Iceberg extension once (150 MB on disk)
# duckdb.sh worker            run duckdb_worker.py (JSON lines on stdin and stdout); see there
# duckdb.sh python ARG...     run the environment's Python
#
# The extensions come as Python packages of their own: DuckDB's download of them is not needed.
. "$(dirname "$0")/lab.sh"
DUCKDB_VERSION=1.5.5
PYTZ_VERSION=2026.6 # timestamps with a zone

install() {
  DUCKDB_ENV=$(venv duckdb "duckdb==$DUCKDB_VERSION" "duckdb-extension-avro==$DUCKDB_VERSION" \
    "duckdb-extension-httpfs==$DUCKDB_VERSION" "duckdb-extension-iceberg==$DUCKDB_VERSION" "pytz==$PYTZ_VERSION")
}

run_python() {
  install
  export TZ=UTC PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
  exec "$DUCKDB_ENV/bin/python" "$@"
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$DUCKDB_ENV"
    ;;
  python) run_python "$@" ;;
  worker) run_python "$LAB_SOURCE/duckdb_worker.py" "$@" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
