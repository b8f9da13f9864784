"""The other engines, as child processes of the build: PyIceberg and Flink write tables, PyIceberg confirms rows."""

import json
import os
import subprocess
import tempfile

from canonical_row import rows_hash
from corpus import HERE, LAB


def write_with_pyiceberg(table, warehouse):
    script = os.path.join(HERE, "pyiceberg_tables.py")
    subprocess.run([os.path.join(LAB, "pyiceberg.sh"), "python", script, warehouse, table.name], check=True)


def write_with_flink(table, warehouse):
    """Runs the table's SQL file. Flink insists on a database: its warehouse, ${PARENT}, is the folder above ours, and
    the database, ${DATABASE}, our warehouse's folder."""
    parent, database = os.path.split(warehouse)
    with open(os.path.join(HERE, "flink", f"{table.name}.sql"), encoding="utf-8") as file:
        text = file.read().replace("${PARENT}", parent).replace("${DATABASE}", database)
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(text)
        script.flush()
        command = [os.path.join(LAB, "flink.sh"), "sql", script.name]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"Flink failed: {result.stdout[-2000:]}")


def flink_version():
    return subprocess.check_output([os.path.join(LAB, "flink.sh"), "versions"], text=True).strip()


class Confirmation:
    """A PyIceberg worker that reads what Spark read."""

    def __init__(self):
        command = [os.path.join(LAB, "pyiceberg.sh"), "worker"]
        self.worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self.worker.stdout.readline())["ready"]
        self.version = f"PyIceberg {ready['pyiceberg']}"

    def read(self, metadata_path, snapshot_id):
        request = {"id": 0, "read": {"metadataFile": metadata_path, "snapshotId": snapshot_id}}
        self.worker.stdin.write(json.dumps(request) + "\n")
        self.worker.stdin.flush()
        answer = json.loads(self.worker.stdout.readline())
        if "error" in answer:
            return {"refused": answer["error"].splitlines()[0]}
        rows = answer["result"]["rows"]
        return {"hash": rows_hash(rows), "rows": rows}

    def close(self):
        self.worker.stdin.close()
        self.worker.wait()
