"""signed_in_turns.py URI WAREHOUSE TABLE...: appends a row to each table in turn, twice, then reads them in turn.

All requests to the store are signed by the catalog. Each table, whose only column is `a`, is loaded once and kept. Prints
the rows of each as one line of JSON. Whatever takes a signer from a client of the store leaves it without for a while, so
that a request of another thread would show whether they have that client in common.
"""
import json
import sys
import time

import pyarrow as pa
from botocore.hooks import HierarchicalEmitter
from pyiceberg.catalog import load_catalog

UNSIGNED_SECONDS = 0.05

unregister = HierarchicalEmitter.unregister


def unregister_slowly(*args, **options):
    unregister(*args, **options)
    time.sleep(UNSIGNED_SECONDS)


if __name__ == "__main__":
    HierarchicalEmitter.unregister = unregister_slowly
    uri, warehouse, *names = sys.argv[1:]
    signed = {"header.X-Iceberg-Access-Delegation": "remote-signing"}
    catalog = load_catalog("signed", type="rest", uri=uri, warehouse=warehouse, **signed)
    tables = [catalog.load_table(name) for name in names]
    schema = pa.schema([pa.field("a", pa.int32())])
    for n in range(2):
        for table in tables:
            table.append(pa.table({"a": [n]}, schema=schema))
    for table in tables:
        print(json.dumps(sorted(table.scan().to_arrow()["a"].to_pylist())))
