"""What tests do with DuckDB and its own Iceberg reader, the extension `iceberg`: neither shares a line with Moraine."""

import glob
import os

import duckdb
import duckdb_extension_avro
import duckdb_extension_httpfs
import duckdb_extension_iceberg

from canonical_row import canonical_row, sort_rows

# As integers, where DuckDB's Python values are cut to microseconds or end at the year 9999.
EXACT = {"DATE": "date_diff('day', DATE '1970-01-01', {0})", "TIMESTAMP_NS": "epoch_ns({0})"}
EXACT |= {name: "epoch_us({0})" for name in ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")}

SCALAR_TYPES = {
    "boolean": "boolean",
    "tinyint": "int",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp_ns": "timestamp_ns",
    "timestamp with time zone": "timestamptz",
    "varchar": "string",
    "uuid": "uuid",
    "blob": "binary",
}


class Engine:
    def __init__(self):
        self.open()

    def open(self):
        self.connection = duckdb.connect(config={"threads": 2})
        for package in (duckdb_extension_httpfs, duckdb_extension_avro, duckdb_extension_iceberg):
            directory = os.path.dirname(package.__file__)
            [extension] = glob.glob(os.path.join(glob.escape(directory), "extensions", "*", "*.duckdb_extension"))
            self.connection.execute(f"LOAD '{extension}'")
        self.connection.execute("SET TimeZone = 'UTC'")

    def versions(self):
        [(extension,)] = self.connection.execute(
            "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'iceberg'"
        ).fetchall()
        return {"duckdb": duckdb.__version__, "iceberg": extension}

    def attach(self, name, endpoint, warehouse):
        """Opens a REST catalog."""
        options = f"TYPE iceberg, ENDPOINT {text(endpoint)}, AUTHORIZATION_TYPE 'none'"
        self.connection.execute(f"ATTACH {text(warehouse)} AS {quoted(name)} ({options})")

    def sql(self, statement):
        self.connection.execute(statement).fetchall()

    def read(self, metadata_file=None, snapshot_id=None, relation=None):
        """Canonical rows, sorted: of the current state or a snapshot of a metadata file, or of what FROM takes."""
        try:
            return self.scan(relation or iceberg_scan(metadata_file, snapshot_id))
        except (duckdb.InternalException, duckdb.FatalException):
            self.open()  # after these a database answers nothing any more
            raise

    def scan(self, relation):
        scan = f"FROM {relation}"
        columns = self.connection.sql(f"SELECT * {scan} LIMIT 0")
        fields = [{"name": name, "type": json_type(type_)} for name, type_ in zip(columns.columns, columns.types)]
        selected = [
            EXACT.get(str(type_), "{0}").format(quoted(name)) for name, type_ in zip(columns.columns, columns.types)
        ]
        rows = self.connection.execute(f"SELECT {', '.join(selected)} {scan}").fetchall()
        plain_rows = ([plain(value, field["type"]) for value, field in zip(row, fields)] for row in rows)
        return {"fields": fields, "rows": sort_rows(canonical_row(row, fields) for row in plain_rows)}


def iceberg_scan(metadata_file, snapshot_id):
    state = "" if snapshot_id is None else f", snapshot_from_id = {int(snapshot_id)}::UBIGINT"
    return f"iceberg_scan({text(metadata_file)}{state})"


def json_type(type_):
    """The Iceberg JSON type that a DuckDB type stands for (fixed reads as binary)."""
    if type_.id == "struct":
        return {"type": "struct", "fields": [{"name": name, "type": json_type(of)} for name, of in type_.children]}
    if type_.id == "list":
        return {"type": "list", "element": json_type(type_.child)}
    if type_.id == "map":
        (_, key), (_, value) = type_.children
        return {"type": "map", "key": json_type(key), "value": json_type(value)}
    if type_.id == "decimal":
        (_, precision), (_, scale) = type_.children
        return f"decimal({precision},{scale})"
    if type_.id not in SCALAR_TYPES:
        raise ValueError(f"no Iceberg type for DuckDB's {type_}")
    return SCALAR_TYPES[type_.id]


def plain(value, type_):
    """Maps as pairs: DuckDB gives a dictionary, but {"key": [...], "value": [...]} where Python cannot hash the keys."""
    if value is None or not isinstance(type_, dict):
        return value
    if type_["type"] == "struct":
        return [plain(value[field["name"]], field["type"]) for field in type_["fields"]]
    if type_["type"] == "list":
        return [plain(item, type_["element"]) for item in value]
    unhashable = isinstance(type_["key"], dict)
    pairs = zip(value["key"], value["value"]) if unhashable else value.items()
    return [(plain(key, type_["key"]), plain(item, type_["value"])) for key, item in pairs]


def text(value):
    return "'" + value.replace("'", "''") + "'"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
