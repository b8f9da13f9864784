#!/usr/bin/env bash
# corpus.sh WAREHOUSE [--fixtures] [NAME...]    build tables of the corpus (build.py)
# corpus.sh --list                              name them
# corpus.sh --commit [NAME...]                  build fixtures anew and put them into packages/testkit/fixtures
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
if [ "${1:-}" = --commit ]; then
  shift
  # The place is fixed: an Iceberg table names all its files by absolute location.
  warehouse=/tmp/moraine-fixtures
  rm -rf "$warehouse"
  "$here/../lab/spark.sh" python "$here/build.py" "$warehouse" --fixtures "$@"
  python3 "$here/commit_fixtures.py" "$warehouse" "$repository/packages/testkit/fixtures/tables"
  exec node "$repository/scripts/node.mjs" --conditions=development "$repository/packages/testkit/src/fixtures/write-catalogue.ts"
fi
exec "$here/../lab/spark.sh" python "$here/build.py" "$@"
