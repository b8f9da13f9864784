"""Writes down what a table holds: WAREHOUSE/expected/NAME.json, read by packages/testkit/src/fixtures/expected-table.ts.

The rows of every snapshot are what Spark read, in canonical form (interop/lab/canonical-row.md) and in that snapshot's
schema. PyIceberg reads them too, where it can: rows that differ are an error here, refusals are noted. Where Spark
cannot read a type, the rows are PyIceberg's.
"""

import glob
import json
import os
import re

from canonical_row import rows_hash
from others import flink_version

ROWS_MAX = 200
CONTENTS = {0: "data", 1: "position-deletes", 2: "equality-deletes"}


def describe(engine, confirmation, table, warehouse):
    location = os.path.join(warehouse, table.name)
    metadata_path = newest_metadata(location)
    java = engine.load_table(path=metadata_path)
    version = java.operations().current().formatVersion()
    ids = [str(snapshot.snapshotId()) for snapshot in java.snapshots()]
    if table.read_by_pyiceberg:
        snapshots = [pyiceberg_rows(confirmation, metadata_path, snapshot_id) for snapshot_id in ids]
    else:
        snapshots = [spark_rows(engine, metadata_path, snapshot_id, version) for snapshot_id in ids]
    expected = {
        "name": table.name,
        "features": list(table.features),
        "writtenBy": written_by(engine, confirmation, table),
        "script": table.script,
        "location": location,
        "metadataFile": os.path.relpath(metadata_path, location),
        "formatVersion": version,
        "currentSnapshotId": str(java.currentSnapshot().snapshotId()) if java.currentSnapshot() else None,
        "refs": {name: str(ref.snapshotId()) for name, ref in sorted(dict(java.refs()).items())},
        "rowsReadBy": read_by(engine, confirmation, table, metadata_path, snapshots),
        "liveFiles": live_files(engine, java, location) if java.currentSnapshot() else [],
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


def spark_rows(engine, metadata_path, snapshot_id, version):
    read = engine.read(path=metadata_path, snapshot_id=snapshot_id, lineage=version >= 3)
    return described_rows(snapshot_id, read["rows"], read.get("lineage"))


def pyiceberg_rows(confirmation, metadata_path, snapshot_id):
    answer = confirmation.read(metadata_path, snapshot_id)
    if "refused" in answer:
        raise RuntimeError(f"{metadata_path}: PyIceberg cannot read it: {answer['refused']}")
    return described_rows(snapshot_id, answer["rows"])


def described_rows(snapshot_id, rows, lineage=None):
    described = {"snapshotId": snapshot_id, "rowCount": len(rows), "rowsSha256": rows_hash(rows)}
    if len(rows) <= ROWS_MAX:
        described["rows"] = rows
        if lineage is not None:
            described["lineage"] = lineage
    return described


def written_by(engine, confirmation, table):
    if table.engine == "spark":
        return spark_version(engine)
    return confirmation.version if table.engine == "pyiceberg" else flink_version()


def spark_version(engine):
    versions = engine.versions()
    return f"Spark {versions['spark']}, Iceberg {versions['iceberg']}"


def read_by(engine, confirmation, table, metadata_path, snapshots):
    """Which engine read the rows of which snapshots; the second reader's refusals and known defects are named."""
    if table.read_by_pyiceberg:
        return {confirmation.version: "all"}
    agreed, refusals, differing = 0, set(), []
    for snapshot in snapshots:
        answer = confirmation.read(metadata_path, snapshot["snapshotId"])
        if "refused" in answer:
            refusals.add(answer["refused"])
        elif answer["hash"] == snapshot["rowsSha256"]:
            agreed += 1
        else:
            differing.append(answer["rows"])
    if bool(differing) != bool(table.pyiceberg_differs):
        raise AssertionError(f"{table.name}: PyIceberg differs in {len(differing)} snapshots: {differing}")
    notes = [f"refused: {text}" for text in sorted(refusals)]
    if differing:
        notes.append(f"read wrongly: {table.pyiceberg_differs}")
    note = "all" if agreed == len(snapshots) else f"{agreed} of {len(snapshots)} snapshots; {'; '.join(notes)}"
    return {spark_version(engine): "all", confirmation.version: note}


def live_files(engine, java, location):
    """The live entries of the current snapshot's manifests, as Iceberg's Java library reads them."""
    manifest_files = engine.jvm.org.apache.iceberg.ManifestFiles
    files = []
    for manifest in java.currentSnapshot().allManifests(java.io()):
        deletes = manifest.content().id() == 1
        read = manifest_files.readDeleteManifest if deletes else manifest_files.read
        reader = read(manifest, java.io(), java.specs())
        iterator = reader.iterator()
        while iterator.hasNext():
            files.append(describe_file(iterator.next(), location))
        reader.close()
    return sorted(files, key=lambda file: (file["content"], file["path"], file.get("contentOffset", 0)))


def describe_file(file, location):
    described = {
        "path": relative(file.location(), location),
        "content": CONTENTS[file.content().id()],
        "format": file.format().name().lower(),
        "specId": file.specId(),
        "recordCount": file.recordCount(),
        "sizeBytes": file.fileSizeInBytes(),
        "dataSequenceNumber": file.dataSequenceNumber(),
        "fileSequenceNumber": file.fileSequenceNumber(),
        "firstRowId": file.firstRowId(),
        "equalityIds": list(file.equalityFieldIds() or []) or None,
    }
    if file.content().id() == 1:
        target = file.referencedDataFile()
        described["referencedDataFile"] = target and relative(target, location)
        described["contentOffset"] = file.contentOffset()
        described["contentSizeBytes"] = file.contentSizeInBytes()
    return {key: value for key, value in described.items() if value is not None}


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
