"""The corpus: a registry of awkward tables and the context in which each is written.

A table is a function under tables/, registered with `@spark_table`. It gets a `Writer` and writes with SQL, where `{t}`
stands for the table's quoted name. Tables that other engines write are registered with `pyiceberg_table`,
`flink_table`: name and features here, the writing in that engine's own language.
"""

import inspect
import os
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(os.path.dirname(HERE), "lab")
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, LAB)

CATALOG = "corpus"
TABLES = {}


@dataclass(frozen=True)
class Table:
    name: str
    engine: str  # "spark", "pyiceberg" or "flink"
    features: tuple
    fixture: bool  # small enough, and of use to unit tests: committed under packages/testkit/fixtures
    script: str  # in the repository
    write: object = None
    # A defect of PyIceberg for which it reads other rows than Spark; a difference that is not named fails the build.
    pyiceberg_differs: str = ""
    # Spark cannot read it (a column of type time, or of nanoseconds): the expected rows are PyIceberg's own.
    read_by_pyiceberg: bool = False


def spark_table(name, *features, fixture=False, pyiceberg_differs=""):
    def register(function):
        script = os.path.relpath(inspect.getsourcefile(function), REPOSITORY)
        TABLES[name] = Table(name, "spark", features, fixture, script, function, pyiceberg_differs)
        return function

    return register


def pyiceberg_table(name, *features, fixture=False, read_by_pyiceberg=False):
    script = "interop/corpus/pyiceberg_tables.py"
    TABLES[name] = Table(name, "pyiceberg", features, fixture, script, read_by_pyiceberg=read_by_pyiceberg)


def flink_table(name, *features, fixture=False, read_by_pyiceberg=False):
    script = f"interop/corpus/flink/{name}.sql"
    TABLES[name] = Table(name, "flink", features, fixture, script, read_by_pyiceberg=read_by_pyiceberg)


class Writer:
    """What a table's function writes with."""

    def __init__(self, engine, table, warehouse):
        self.engine = engine
        self.name = table.name
        self.location = os.path.join(warehouse, table.name)
        self.quoted = f"{CATALOG}.`{table.name}`"

    def sql(self, *statements):
        for statement in statements:
            self.engine.sql(statement.replace("{t}", self.quoted))

    def create(self, columns, version=2, partitioned="", properties=None):
        """CREATE TABLE. Old metadata files are dropped, to keep fixtures small, unless `properties` says otherwise."""
        settings = {"format-version": str(version), **SHORT_METADATA_LOG, **(properties or {})}
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in settings.items())
        by = f"PARTITIONED BY ({partitioned})" if partitioned else ""
        self.sql(f"CREATE TABLE {{t}} ({columns}) USING iceberg {by} TBLPROPERTIES ({listed})")

    def insert(self, *rows, columns="", branch=""):
        """One INSERT, of rows given as SQL tuples without parentheses; one data file for each partition."""
        target = f"{CATALOG}.`{self.name}`" + (f".branch_{branch}" if branch else "")
        self.sql(f"INSERT INTO {target} {columns} SELECT /*+ COALESCE(1) */ * FROM VALUES {', '.join(f'({row})' for row in rows)}")

    def call(self, procedure, arguments=""):
        """CALL of one of Iceberg's procedures on this table."""
        rest = f", {arguments}" if arguments else ""
        return self.engine.sql(f"CALL {CATALOG}.system.{procedure}(table => '`{self.name}`'{rest})")

    def equality_delete(self, keys, spec_id=None, partition=None, branch=None):
        self.engine.equality_delete(self.quoted, keys, spec_id, partition, branch)

    def snapshots(self):
        """Ids, oldest first."""
        rows = self.engine.sql(f"SELECT snapshot_id FROM {self.quoted}.snapshots ORDER BY committed_at")
        return [row[0] for row in rows]

    def java(self):
        return self.engine.load_table(self.quoted)


SHORT_METADATA_LOG = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "1",
}
MERGE_ON_READ = {f"write.{operation}.mode": "merge-on-read" for operation in ("delete", "update", "merge")}
