#!/usr/bin/env bash
# thriftpy2.sh install           fetch thriftpy2 once (5 MB on disk)
# thriftpy2.sh python ARG...     run the environment's Python
. "$(dirname "$0")/lab.sh"
THRIFTPY2_VERSION=0.7.1

THRIFTPY2_ENV=$(venv thriftpy2 "thriftpy2==$THRIFTPY2_VERSION")
command=${1:-install}
shift || true
case $command in
  install) echo "$THRIFTPY2_ENV" ;;
  python)
    export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
    exec "$THRIFTPY2_ENV/bin/python" "$@"
    ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
