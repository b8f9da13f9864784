"""A Spark session as a JSON-lines worker (json_lines.py); run it with `spark.sh session [--conf KEY=VALUE]...`.

| request | result |
|---|---|
| {"sql": TEXT} | null, when the statement has ended |
| {"sql": TEXT, "collect": true} | {"columns": [...], "rows": [[canonical value, ...]]} |
| {"read": {"table" or "path", "snapshotId"?, "ref"?, "lineage"?}} | {"fields": [...], "rows": [canonical row], "lineage"?: [[row id, sequence number]]} |
| {"equalityDelete": {"table", "keys": QUERY, "specId"?, "partition"?, "branch"?}} | null |
| {"catalog": {"name", "properties": {...}}} | null |
"""

import argparse

from json_lines import claim_stdout, serve


def main():
    answers = claim_stdout()
    from spark_engine import open_session

    engine = open_session(parse_conf())
    context = engine.spark.sparkContext

    def sql(request):
        if request.get("collect"):
            return engine.collect(request["sql"])
        engine.sql(request["sql"])

    def read(request):
        asked = request["read"]
        return engine.read(
            asked.get("table"), asked.get("path"), asked.get("snapshotId"), asked.get("ref"), asked.get("lineage", False)
        )

    def equality_delete(request):
        asked = request["equalityDelete"]
        engine.equality_delete(
            asked["table"], asked["keys"], asked.get("specId"), asked.get("partition"), asked.get("branch")
        )

    def catalog(request):
        engine.add_catalog(request["catalog"]["name"], request["catalog"]["properties"])

    def in_job_group(operation):
        def run(request):
            context.setJobGroup(str(request["id"]), "request", interruptOnCancel=True)
            return operation(request)

        return run

    operations = {"sql": sql, "read": read, "equalityDelete": equality_delete, "catalog": catalog}
    serve(
        answers,
        engine.versions(),
        {name: in_job_group(operation) for name, operation in operations.items()},
        cancel=lambda request_id: context.cancelJobGroup(str(request_id)),
    )
    engine.close()


def parse_conf():
    parser = argparse.ArgumentParser()
    parser.add_argument("--conf", action="append", default=[])
    return dict(pair.split("=", 1) for pair in parser.parse_args().conf)


main()
