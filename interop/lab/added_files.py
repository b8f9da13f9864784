"""added_files.py URI WAREHOUSE TABLE: what each snapshot of a table added, by its manifests and nothing else.

Prints one line of JSON for each snapshot, as the metadata has them: its `operation`; `rows`, the sum of what its live files
say they hold; and `added`, its files that the snapshot itself is said to have added, with their path, rows and the bounds
of the column `id` (a long).
"""
import functools
import json
import struct
import sys

from pyiceberg.catalog import load_catalog
from pyiceberg.manifest import ManifestEntryStatus


def file_of(entry, id_field):
    file = entry.data_file
    bounds = [struct.unpack("<q", (each or {})[id_field])[0] for each in (file.lower_bounds, file.upper_bounds)]
    return {"path": file.file_path, "rows": file.record_count, "ids": bounds}


if __name__ == "__main__":
    uri, warehouse, table_name = sys.argv[1:]
    table = load_catalog("added", type="rest", uri=uri, warehouse=warehouse).load_table(table_name)
    id_field = table.schema().find_field("id").field_id
    entries = functools.cache(lambda manifest: manifest.fetch_manifest_entry(table.io, discard_deleted=False))
    by_path = {}
    for snapshot in table.metadata.snapshots:
        manifests = [by_path.setdefault(each.manifest_path, each) for each in snapshot.manifests(table.io)]
        all_entries = [entry for manifest in manifests for entry in entries(manifest)]
        added = [each for each in all_entries if each.status == ManifestEntryStatus.ADDED and each.snapshot_id == snapshot.snapshot_id]
        live = [each for each in all_entries if each.status != ManifestEntryStatus.DELETED]
        print(json.dumps({
            "operation": snapshot.summary.operation.value,
            "rows": sum(each.data_file.record_count for each in live),
            "added": [file_of(each, id_field) for each in added],
        }))
