"""DuckDB as a JSON-lines worker (json_lines.py); run it with `duckdb.sh worker`.

| request | result |
|---|---|
| {"read": {"metadataFile", "snapshotId"?}} | {"fields": [...], "rows": [canonical row]} |
"""

from json_lines import claim_stdout, serve


def main():
    answers = claim_stdout()
    from duckdb_engine import Engine

    engine = Engine()

    def read(request):
        return engine.read(request["read"]["metadataFile"], request["read"].get("snapshotId"))

    serve(answers, engine.versions(), {"read": read})


main()
