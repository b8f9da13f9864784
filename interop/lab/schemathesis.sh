#!/usr/bin/env bash
# schemathesis.sh install                  fetch schemathesis once (150 MB on disk)
# schemathesis.sh --config FILE ARG...     run `schemathesis run ARG...` with the configuration; 1 is its code for findings
. "$(dirname "$0")/lab.sh"
SCHEMATHESIS_VERSION=4.32.5

SCHEMATHESIS_ENV=$(venv schemathesis "schemathesis==$SCHEMATHESIS_VERSION")
command=${1:-install}
case $command in
  install) echo "$SCHEMATHESIS_ENV" ;;
  --config)
    config=$2
    shift 2
    # It keeps what it learns in the directory in which it runs.
    cd "$(dirname "$config")"
    export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
    exec "$SCHEMATHESIS_ENV/bin/schemathesis" --config-file "$config" run "$@"
    ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
