#!/usr/bin/env bash
# pyiceberg.sh install           fetch PyIceberg once (350 MB on disk)
# pyiceberg.sh worker ARG...     run pyiceberg_worker.py (JSON lines on stdin and stdout); see there
# pyiceberg.sh python ARG...     run the environment's Python
. "$(dirname "$0")/lab.sh"
PYICEBERG_VERSION=0.12.0
PYARROW_VERSION=26.0.1
PYICEBERG_CORE_VERSION=0.10.1 # partition transforms
SQLALCHEMY_VERSION=2.0.58     # the SQL catalog
PACKAGING_VERSION=26.3        # what it compares versions of pyarrow by, for Azure, and does not ask for itself

install() {
  PYICEBERG_ENV=$(venv pyiceberg "pyiceberg==$PYICEBERG_VERSION" "pyarrow==$PYARROW_VERSION" \
    "pyiceberg-core==$PYICEBERG_CORE_VERSION" "sqlalchemy==$SQLALCHEMY_VERSION" \
    "packaging==$PACKAGING_VERSION")
}

run_python() {
  install
  export TZ=UTC PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYICEBERG_HOME=${PYICEBERG_HOME:-$LAB/run}
  exec "$PYICEBERG_ENV/bin/python" "$@"
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$PYICEBERG_ENV"
    ;;
  python) run_python "$@" ;;
  worker) run_python "$LAB_SOURCE/pyiceberg_worker.py" "$@" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
