"""DuckDB as a JSON-lines worker (json_lines.py); run it with `duckdb.sh worker`.

| request | result |
|---|---|
| {"read": {"metadataFile", "snapshotId"?} or {"relation"}} | {"fields": [...], "rows": [canonical row]} |
| {"attach": {"name", "endpoint", "warehouse"}} | null |
| {"sql": "..."} | null |
"""

from json_lines import claim_stdout, serve


def main():
    answers = claim_stdout()
    from duckdb_engine import Engine

    engine = Engine()

    def read(request):
        asked = request["read"]
        return engine.read(asked.get("metadataFile"), asked.get("snapshotId"), asked.get("relation"))

    def attach(request):
        asked = request["attach"]
        engine.attach(asked["name"], asked["endpoint"], asked["warehouse"])

    serve(answers, engine.versions(), {"read": read, "attach": attach, "sql": lambda request: engine.sql(request["sql"])})


main()
