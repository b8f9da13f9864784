"""Writes down what a table holds: WAREHOUSE/expected/NAME.json, read by packages/testkit/src/fixtures/expected.ts.

The rows of every snapshot are what Spark read, in canonical form (interop/lab/canonical-row.md) and in that snapshot's
schema. PyIceberg reads them too, where it can: rows that differ are an error here, refusals are noted.
"""

import glob
import json
import os
import re

from canonical_row import rows_hash

ROWS_MAX = 200
CONTENTS = {0: "data", 1: "position-deletes", 2: "equality-deletes"}


def describe(engine, confirmation, table, warehouse):
    location = os.path.join(warehouse, table.name)
    metadata_path = newest_metadata(location)
    java = engine.load_table(path=metadata_path)
    version = java.operations().current().formatVersion()
    ids = [str(snapshot.snapshotId()) for snapshot in java.snapshots()]
    snapshots = [snapshot_rows(engine, metadata_path, snapshot_id, version) for snapshot_id in ids]
    expected = {
        "name": table.name,
        "features": list(table.features),
        "writtenBy": written_by(engine, table),
        "script": table.script,
        "location": location,
        "metadataFile": os.path.relpath(metadata_path, location),
        "formatVersion": version,
        "currentSnapshotId": str(java.currentSnapshot().snapshotId()) if java.currentSnapshot() else None,
        "refs": {name: str(ref.snapshotId()) for name, ref in sorted(dict(java.refs()).items())},
        "rowsReadBy": read_by(engine, confirmation, metadata_path, snapshots),
        "liveFiles": live_files(engine, metadata_path, location) if java.currentSnapshot() else [],
        "snapshots": snapshots,
    }
    path = os.path.join(warehouse, "expected", f"{table.name}.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(format_json(expected))


def newest_metadata(location):
    """The highest numbered one: v3.metadata.json, v3.gz.metadata.json or 00003-UUID.metadata.json."""
    paths = glob.glob(os.path.join(glob.escape(location), "metadata", "*.metadata.json"))
    return max(paths, key=lambda path: int(re.match(r"v?(\d+)", os.path.basename(path)).group(1)))


def snapshot_rows(engine, metadata_path, snapshot_id, version):
    read = engine.read(path=metadata_path, snapshot_id=snapshot_id, lineage=version >= 3)
    rows = read["rows"]
    described = {"snapshotId": snapshot_id, "rowCount": len(rows), "rowsSha256": rows_hash(rows)}
    if len(rows) <= ROWS_MAX:
        described["rows"] = rows
        if "lineage" in read:
            described["lineage"] = read["lineage"]
    return described


def written_by(engine, table):
    versions = engine.versions()
    others = {
        "spark": f"Spark {versions['spark']}, Iceberg {versions['iceberg']}",
        "pyiceberg": "PyIceberg 0.12.0",
        "flink": "Flink 1.20.3, Iceberg 1.11.0",
    }
    return others[table.engine]


def read_by(engine, confirmation, metadata_path, snapshots):
    versions = engine.versions()
    readers = {f"Spark {versions['spark']}, Iceberg {versions['iceberg']}": "all"}
    refusals = []
    for snapshot in snapshots:
        answer = confirmation.read(metadata_path, snapshot["snapshotId"])
        if "refused" in answer:
            refusals.append(answer["refused"])
        elif answer["hash"] != snapshot["rowsSha256"]:
            raise AssertionError(f"{metadata_path}: PyIceberg reads other rows of {snapshot['snapshotId']}: {answer['rows']}")
    agreed = len(snapshots) - len(refusals)
    note = "all" if not refusals else f"{agreed} of {len(snapshots)} snapshots; else {'; '.join(sorted(set(refusals)))}"
    return {**readers, confirmation.version: note}


def live_files(engine, metadata_path, location):
    """The current snapshot's live entries, as Iceberg's Java library lists them, with paths relative to the table."""
    frame = engine.spark.read.format("iceberg").load(engine.hadoop_path(metadata_path) + "#entries")
    files = []
    for row in frame.where("status < 2").select("sequence_number", "file_sequence_number", "data_file").collect():
        file = row["data_file"].asDict()
        files.append(
            {
                "path": relative(file["file_path"], location),
                "content": CONTENTS[file["content"]],
                "format": file["file_format"].lower(),
                "specId": file["spec_id"],
                "recordCount": file["record_count"],
                "sizeBytes": file["file_size_in_bytes"],
                "dataSequenceNumber": row["sequence_number"],
                "fileSequenceNumber": row["file_sequence_number"],
                **optional(file, "first_row_id", "firstRowId"),
                **optional(file, "referenced_data_file", "referencedDataFile", location),
                **optional(file, "content_offset", "contentOffset"),
                **optional(file, "content_size_in_bytes", "contentSizeBytes"),
                **optional(file, "equality_ids", "equalityIds"),
            }
        )
    return sorted(files, key=lambda file: (file["content"], file["path"], file.get("contentOffset", 0)))


def optional(file, column, name, location=None):
    value = file.get(column)
    if value is None:
        return {}
    return {name: relative(value, location) if location else value}


def relative(path, location):
    return re.sub(r"^file:/+", "/", path).removeprefix(location + "/")


def format_json(expected):
    """Two levels indented, deeper ones on one line each, so that a change of one row is a change of one line."""
    lines = []
    for key, value in expected.items():
        if key == "snapshots":
            value = "[\n" + ",\n".join(format_snapshot(snapshot) for snapshot in value) + "\n  ]"
        elif key == "liveFiles":
            value = "[\n" + ",\n".join("    " + compact(file) for file in value) + "\n  ]" if value else "[]"
        else:
            value = compact(value)
        lines.append(f"  {compact(key)}: {value}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def format_snapshot(snapshot):
    lines = []
    for key, value in snapshot.items():
        if key == "rows" and value:
            value = "[\n" + ",\n".join("        " + compact(row) for row in value) + "\n      ]"
        else:
            value = compact(value)
        lines.append(f"      {compact(key)}: {value}")
    return "    {\n" + ",\n".join(lines) + "\n    }"


def compact(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
