"""What tests and the corpus do with PyIceberg."""

import pyarrow as pa
import pyiceberg
from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.types import IcebergType
from pydantic import TypeAdapter

from canonical_row import canonical_row, sort_rows

TYPE = TypeAdapter(IcebergType)


class Engine:
    def __init__(self):
        self.catalogs = {}

    def versions(self):
        return {"pyiceberg": pyiceberg.__version__, "pyarrow": pa.__version__}

    def add_catalog(self, name, properties):
        """{"type": "rest", "uri": URL}, {"type": "sql", "uri": "sqlite:///FILE", "warehouse": DIR} and so on."""
        self.catalogs[name] = load_catalog(name, **properties)

    def load_table(self, table=None, metadata_file=None, properties=None):
        """`table` is ["catalog", "namespace", ..., "table"]; `properties` say how the store of a metadata file is reached."""
        if metadata_file:
            return StaticTable.from_metadata(metadata_file, properties or {})
        return self.catalogs[table[0]].load_table(tuple(table[1:]))

    def read(self, table=None, metadata_file=None, snapshot_id=None, ref=None, row_filter=None, properties=None):
        """Canonical rows in the snapshot's schema, sorted. `row_filter`: an expression in PyIceberg's text form."""
        loaded = self.load_table(table, metadata_file, properties)
        scan = loaded.scan(**({"row_filter": row_filter} if row_filter else {}))
        if ref is not None:
            scan = scan.use_ref(ref)
        if snapshot_id is not None:
            scan = scan.update(snapshot_id=int(snapshot_id))
        fields = [field.model_dump(by_alias=True, exclude_none=True) for field in scan.projection().fields]
        columns = [plain_column(column) for column in scan.to_arrow().columns]
        rows = sort_rows(canonical_row(values, fields) for values in zip(*columns)) if columns else []
        return {"fields": fields, "rows": rows}

    def create(self, table, schema, properties=None):
        """Creates an unpartitioned table, and its namespace if need be; `schema` is a schema in Iceberg's JSON form."""
        catalog = self.catalogs[table[0]]
        catalog.create_namespace_if_not_exists(tuple(table[1:-1]))
        catalog.create_table(tuple(table[1:]), Schema.model_validate(schema), properties=properties or {})

    def append(self, table, rows, branch=None):
        """Appends rows given as objects by column name, in the forms pyarrow takes for the table's types."""
        loaded = self.load_table(table)
        data = pa.Table.from_pylist(rows, schema=loaded.schema().as_arrow())
        loaded.append(data, **({"branch": branch} if branch else {}))

    def delete(self, table, row_filter):
        self.load_table(table).delete(row_filter)

    def add_column(self, table, name, type_):
        with self.load_table(table).update_schema() as update:
            update.add_column(name, TYPE.validate_python(type_))

    def create_ref(self, table, kind, name):
        """A branch or tag at the current snapshot."""
        loaded = self.load_table(table)
        snapshot_id = loaded.metadata.current_snapshot_id
        with loaded.manage_snapshots() as change:
            if kind == "tag":
                change.create_tag(snapshot_id, name)
            else:
                change.create_branch(snapshot_id, name)

    def drop(self, table):
        self.catalogs[table[0]].drop_table(tuple(table[1:]))

    def list_tables(self, namespace):
        """Names, without their namespace, of the tables in ["catalog", "namespace", ...]."""
        return sorted(name for *_, name in self.catalogs[namespace[0]].list_tables(tuple(namespace[1:])))


def plain_column(column):
    """Nanoseconds as integers: without pandas, pyarrow refuses to make Python values of them."""
    wanted = without_nanoseconds(column.type)
    return (column if wanted == column.type else column.cast(wanted)).to_pylist()


def without_nanoseconds(type_):
    if pa.types.is_timestamp(type_) and type_.unit == "ns":
        return pa.int64()
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(without_nanoseconds(type_.value_type)))
    if pa.types.is_large_list(type_):
        return pa.large_list(type_.value_field.with_type(without_nanoseconds(type_.value_type)))
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(without_nanoseconds(field.type)) for field in type_])
    if pa.types.is_map(type_):
        key = type_.key_field.with_type(without_nanoseconds(type_.key_type))
        return pa.map_(key, type_.item_field.with_type(without_nanoseconds(type_.item_type)))
    return type_
