"""PyIceberg as a JSON-lines worker (json_lines.py); run it with `pyiceberg.sh worker`.

| request | result |
|---|---|
| {"catalog": {"name", "properties": {...}}} | null |
| {"read": {"table": [catalog, namespace, name] or "metadataFile" with "properties"?, "snapshotId"?, "ref"?, "rowFilter"?}} | {"fields": [...], "rows": [canonical row]} |
| {"create": {"table": [...], "schema": {...}, "properties"?}} | null |
| {"append": {"table": [...], "rows": [{...}], "branch"?}} | null |
| {"delete": {"table": [...], "rowFilter"}} | null |
| {"addColumn": {"table": [...], "name", "type"}} | null |
| {"createRef": {"table": [...], "kind": "branch" or "tag", "name"}} | null |
| {"drop": {"table": [...]}} | null |
| {"tables": [catalog, namespace]} | [name] |
"""

from json_lines import claim_stdout, serve


def main():
    answers = claim_stdout()
    from pyiceberg_engine import Engine

    engine = Engine()

    def read(request):
        asked = request["read"]
        return engine.read(
            asked.get("table"),
            asked.get("metadataFile"),
            asked.get("snapshotId"),
            asked.get("ref"),
            asked.get("rowFilter"),
            asked.get("properties"),
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

    def add_column(request):
        asked = request["addColumn"]
        engine.add_column(asked["table"], asked["name"], asked["type"])

    def create_ref(request):
        asked = request["createRef"]
        engine.create_ref(asked["table"], asked["kind"], asked["name"])

    operations = {
        "read": read,
        "create": create,
        "append": append,
        "delete": delete,
        "catalog": catalog,
        "addColumn": add_column,
        "createRef": create_ref,
        "drop": lambda request: engine.drop(request["drop"]["table"]),
        "tables": lambda request: engine.list_tables(request["tables"]),
    }
    serve(answers, engine.versions(), operations)


main()
