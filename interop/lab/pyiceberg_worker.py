"""PyIceberg as a JSON-lines worker (json_lines.py); run it with `pyiceberg.sh worker`.

| request | result |
|---|---|
| {"catalog": {"name", "properties": {...}}} | null |
| {"read": {"table": [catalog, namespace, name] or "metadataFile", "snapshotId"?, "ref"?, "rowFilter"?}} | {"fields": [...], "rows": [canonical row]} |
| {"create": {"table": [...], "schema": {...}, "properties"?}} | null |
| {"append": {"table": [...], "rows": [{...}], "branch"?}} | null |
| {"delete": {"table": [...], "rowFilter"}} | null |
"""

from json_lines import claim_stdout, serve


def main():
    answers = claim_stdout()
    from pyiceberg_engine import Engine

    engine = Engine()

    def read(request):
        asked = request["read"]
        return engine.read(
            asked.get("table"), asked.get("metadataFile"), asked.get("snapshotId"), asked.get("ref"), asked.get("rowFilter")
        )

    def create(request):
        asked = request["create"]
        engine.create(asked["table"], asked["schema"], asked.get("properties"))

    def append(request):
        asked = request["append"]
        engine.append(asked["table"], asked["rows"], asked.get("branch"))

    def delete(request):
        engine.delete(request["delete"]["table"], request["delete"]["rowFilter"])

    def catalog(request):
        engine.add_catalog(request["catalog"]["name"], request["catalog"]["properties"])

    operations = {"read": read, "create": create, "append": append, "delete": delete, "catalog": catalog}
    serve(answers, engine.versions(), operations)


main()
