"""Tables that PyIceberg writes: pyiceberg_tables.py WAREHOUSE NAME (see tables/others.py for what they are)."""

import datetime
import decimal
import os
import sys
import tempfile
import uuid

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

UTC = datetime.timezone.utc
SHORT_METADATA_LOG = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "1",
}


def optional(field_id, name, type_):
    return NestedField(field_id, name, type_, required=False)


def append(table, rows):
    schema = table.schema().as_arrow()
    table.append(pa.Table.from_arrays([column([row.get(field.name) for row in rows], field.type) for field in schema], schema=schema))


def column(values, type_):
    """pyarrow makes no uuid array of Python values, only of its storage type."""
    if isinstance(type_, pa.UuidType):
        return pa.ExtensionArray.from_storage(type_, pa.array(values, type_.storage_type))
    return pa.array(values, type_)


def all_types(create):
    table = create(
        Schema(
            NestedField(1, "id", LongType(), required=True),
            optional(2, "flag", BooleanType()),
            optional(3, "i", IntegerType()),
            optional(4, "f", FloatType()),
            optional(5, "d", DoubleType()),
            optional(6, "n", DecimalType(30, 4)),
            optional(7, "day", DateType()),
            optional(8, "at", TimeType()),
            optional(9, "ts", TimestamptzType()),
            optional(10, "tn", TimestampType()),
            optional(11, "s", StringType()),
            optional(12, "u", UUIDType()),
            optional(13, "x", FixedType(4)),
            optional(14, "b", BinaryType()),
            optional(15, "l", ListType(element_id=16, element_type=TimeType(), element_required=False)),
            optional(17, "st", StructType(optional(18, "x2", FixedType(2)), optional(19, "at2", TimeType()))),
        ),
        PartitionSpec(),
    )
    append(
        table,
        [
            {
                "id": 1,
                "flag": True,
                "i": -(2**31),
                "f": 0.5,
                "d": float("nan"),
                "n": decimal.Decimal("-12345678901234567890123456.7890"),
                "day": datetime.date(1969, 12, 31),
                "at": datetime.time(23, 59, 59, 999999),
                "ts": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                "tn": datetime.datetime(2026, 1, 1, 1, 2, 3, 4),
                "s": "\u00fc \U0001f600",
                "u": uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7").bytes,
                "x": b"\x00\x01\xfe\xff",
                "b": b"",
                "l": [datetime.time(0), None, datetime.time(12, 30)],
                "st": {"x2": b"ab", "at2": datetime.time(1)},
            },
            {"id": 2},
        ],
    )
    append(table, [{"id": 3, "at": datetime.time(0), "u": uuid.UUID(int=0).bytes, "x": b"zzzz", "l": [], "st": {}}])
    table.delete(EqualTo("id", 2))


def partitioned(create):
    table = create(
        Schema(
            NestedField(1, "id", LongType(), required=True),
            optional(2, "region", StringType()),
            optional(3, "day", DateType()),
            optional(4, "v", StringType()),
            identifier_field_ids=[1],
        ),
        PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "region"), PartitionField(3, 1001, MonthTransform(), "day_month")),
    )

    def rows(first, last, v):
        day = datetime.date(2026, 1, 20)
        return [
            {"id": i, "region": ["eu", "us", None][i % 3], "day": day + datetime.timedelta(days=i * 2), "v": v}
            for i in range(first, last)
        ]

    append(table, rows(0, 8, "a"))
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "start").commit()
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, "side").commit()
    table.delete(EqualTo("id", 4))
    with table.update_schema() as update:
        update.add_column("w", IntegerType())
        update.rename_column("v", "text")
    arrow = table.schema().as_arrow()
    new = [{"id": 7, "region": "us", "day": datetime.date(2026, 2, 3), "text": "over", "w": 1}]
    table.overwrite(pa.Table.from_pylist(new, schema=arrow), overwrite_filter=GreaterThanOrEqual("id", 6))
    table.upsert(pa.Table.from_pylist([{**new[0], "w": 2}, {**new[0], "id": 100}], schema=arrow))


def transforms(create):
    sources = [
        ("s", StringType(), BucketTransform(4), ["a", "", None, "\u00fc"]),
        ("l", LongType(), BucketTransform(4), [0, -1, None, 2**63 - 1]),
        ("t", StringType(), TruncateTransform(2), ["abc", "", None, "\u00fcml"]),
        ("n", DecimalType(9, 2), TruncateTransform(50), [decimal.Decimal("10.65"), decimal.Decimal("-10.65"), None, decimal.Decimal(0)]),
        ("y", DateType(), YearTransform(), [datetime.date(1969, 12, 31), datetime.date(2026, 1, 1), None, datetime.date(1960, 2, 29)]),
        *(
            (name, TimestampType(), transform, [datetime.datetime(1969, 12, 31, 23, 59, 59), datetime.datetime(2026, 6, 1), None, datetime.datetime(1970, 1, 1)])
            for name, transform in (("m", MonthTransform()), ("d", DayTransform()), ("h", HourTransform()))
        ),
    ]
    fields = [optional(at + 1, name, type_) for at, (name, type_, _, _) in enumerate(sources)]
    spec = [PartitionField(at + 1, 1000 + at, transform, f"p_{name}") for at, (name, _, transform, _) in enumerate(sources)]
    table = create(Schema(*fields), PartitionSpec(*spec))
    append(table, [{name: values[at] for name, _, _, values in sources} for at in range(4)])


TABLES = {"pyiceberg-all-types": all_types, "pyiceberg-partitioned": partitioned, "pyiceberg-transforms": transforms}


def main(warehouse, name):
    with tempfile.TemporaryDirectory() as scratch:
        catalog = load_catalog("corpus", type="sql", uri=f"sqlite:///{scratch}/catalog.db", warehouse=f"file://{warehouse}")
        catalog.create_namespace("db")
        location = "file://" + os.path.join(warehouse, name)

        def create(schema, spec):
            return catalog.create_table(("db", name), schema, location, spec, properties=SHORT_METADATA_LOG)

        TABLES[name](create)


main(*sys.argv[1:])
