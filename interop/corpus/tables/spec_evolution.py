"""Partitioning: every transform, and specs that change."""

from corpus import MERGE_ON_READ, spark_table

COLUMNS = "id bigint, region string, ts timestamp, amount decimal(10,2)"


def rows(first, last):
    """Rows of COLUMNS over several days; every fifth region is null."""
    return [
        f"{i}, {'NULL' if i % 5 == 4 else repr(['eu', 'us'][i % 2])}, "
        f"timestamp'2026-01-30 22:30:00' + interval {i * 7} hours, {i}.10"
        for i in range(first, last)
    ]


@spark_table(
    "evolved-spec",
    "v2: partition fields added, removed, replaced; files of five specs, the unpartitioned one among them",
    "identity added and removed; position deletes on files of old specs",
    fixture=True,
)
def evolved_spec(writer):
    writer.create(COLUMNS, properties=MERGE_ON_READ)
    writer.insert(*rows(0, 4))
    writer.sql("ALTER TABLE {t} ADD PARTITION FIELD region")
    writer.insert(*rows(4, 8))
    writer.sql("ALTER TABLE {t} ADD PARTITION FIELD month(ts)")
    writer.insert(*rows(8, 11))
    writer.sql("ALTER TABLE {t} REPLACE PARTITION FIELD ts_month WITH day(ts) AS ts_day")
    writer.insert(*rows(11, 14))
    writer.sql("ALTER TABLE {t} DROP PARTITION FIELD region")
    writer.insert(*rows(14, 16))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 5, 9)")


@spark_table(
    "evolved-spec-v1",
    "v1: a dropped partition field stays in the spec as void; a field added under the name of a dropped one",
    fixture=True,
)
def evolved_spec_v1(writer):
    writer.create(COLUMNS, version=1, partitioned="region, bucket(3, id)")
    writer.insert(*rows(0, 6))
    writer.sql("ALTER TABLE {t} DROP PARTITION FIELD region")
    writer.insert(*rows(6, 10))
    writer.sql("ALTER TABLE {t} ADD PARTITION FIELD truncate(1, region) AS region_start")
    writer.insert(*rows(10, 14))
    writer.sql("ALTER TABLE {t} DROP PARTITION FIELD bucket(3, id)", "ALTER TABLE {t} ADD PARTITION FIELD bucket(5, id)")
    writer.insert(*rows(14, 17))


@spark_table(
    "evolved-spec-source",
    "v2: the source columns of partition fields renamed and widened; null partition values",
)
def evolved_spec_source(writer):
    writer.create("id int, region string, n int", partitioned="id, region")
    writer.insert("1, 'eu', 10", "2, 'us', 20", "NULL, NULL, 30")
    writer.sql("ALTER TABLE {t} RENAME COLUMN region TO area", "ALTER TABLE {t} ALTER COLUMN id TYPE bigint")
    writer.insert("5000000000, 'eu', 40", "1, 'ap', 50")
    writer.sql("ALTER TABLE {t} DROP PARTITION FIELD region", "ALTER TABLE {t} ADD PARTITION FIELD truncate(10, n)")
    writer.insert("6, 'eu', 61", "6, 'us', -1")


@spark_table(
    "all-transforms",
    "v2: one spec with identity (string, int, date, boolean), bucket, truncate (string, int, decimal), year, month, day, hour",
    "null in every source column; values before 1970 and negative ones; partition values that need escaping in a path",
    fixture=True,
)
def all_transforms(writer):
    writer.create(
        "s string, i int, d date, b boolean, k bigint, ts_s string, ti int, td decimal(9,2), y date, m timestamp, "
        "dd timestamp_ntz, h timestamp, v string",
        partitioned="s, i, d, b, bucket(4, k), truncate(3, ts_s), truncate(10, ti), truncate(50, td), years(y), months(m), "
        "days(dd), hours(h)",
    )
    writer.insert(
        "'plain', 1, date'2026-01-01', true, 34, 'iceberg', 17, 10.65, date'2017-11-16', timestamp'2017-11-16 22:31:08', "
        "timestamp_ntz'2017-11-16 22:31:08', timestamp'2017-11-16 22:31:08', 'r1'",
        "'a b/c=d%e&f?g+h', -1, date'1969-12-31', false, -34, 'ütf', -17, -10.65, date'1969-12-31', timestamp'1969-12-31 23:59:59', "
        "timestamp_ntz'1969-12-31 23:59:59', timestamp'1969-12-31 22:59:59.999999', 'r2'",
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'r3'",
        "'', 2147483647, date'0001-01-01', true, 9223372036854775807, '\U0001f600\U0001f600\U0001f600\U0001f600', -2147483648, 0.00, "
        "date'1968-02-29', timestamp'1960-03-01 00:00:00', timestamp_ntz'1970-01-01 00:00:00', timestamp'1970-01-01 00:00:00', 'r4'",
    )


def transform_table(name, column, transform):
    """One table of its own for each transform, over values of both signs, nulls and a second commit."""

    @spark_table(f"transform-{name}", f"v2, partitioned by {transform}")
    def write(writer):
        kind, values = TRANSFORM_VALUES[column]
        writer.create(f"id bigint, c {kind}", partitioned=transform, properties=MERGE_ON_READ)
        writer.insert(*(f"{i}, {value}" for i, value in enumerate(values)))
        writer.insert(*(f"{i + 100}, {value}" for i, value in enumerate(values)))
        writer.sql("DELETE FROM {t} WHERE id % 100 IN (0, 3)")


TRANSFORM_VALUES = {
    "string": ("string", ["'a'", "'abc'", "''", "NULL", "'\u00fcmlaut'", "'abd'"]),
    "int": ("int", ["0", "-1", "2147483647", "NULL", "-2147483648", "12"]),
    "bigint": ("bigint", ["0", "-1", "9223372036854775807", "NULL", "-9223372036854775808", "12"]),
    "boolean": ("boolean", ["true", "false", "NULL", "true", "false", "NULL"]),
    "decimal": ("decimal(9,2)", ["0", "-0.01", "9999999.99", "NULL", "-9999999.98", "12.34"]),
    "decimal-38": ("decimal(38,10)", ["0", "-0.0000000001", "1234567890123456789012345678.1", "NULL", "-1", "12.34"]),
    "date": ("date", ["date'1970-01-01'", "date'1969-12-31'", "date'9999-12-31'", "NULL", "date'0001-01-01'", "date'2024-02-29'"]),
    "timestamp": (
        "timestamp",
        [
            "timestamp'1970-01-01 00:00:00'",
            "timestamp'1969-12-31 23:59:59.999999'",
            "timestamp'2026-06-30 12:34:56.789'",
            "NULL",
            "timestamp'1900-01-01 00:00:00'",
            "timestamp'2024-02-29 23:00:00'",
        ],
    ),
    "binary": ("binary", ["x''", "x'00'", "x'ff00ff'", "NULL", "x'deadbeef'", "x'01'"]),
}
TRANSFORM_VALUES["timestamp-ntz"] = (
    "timestamp_ntz",
    [value.replace("timestamp'", "timestamp_ntz'") for value in TRANSFORM_VALUES["timestamp"][1]],
)

for source in TRANSFORM_VALUES:
    transform_table(f"identity-{source}", source, "c")
for source in TRANSFORM_VALUES:
    if source != "boolean":
        transform_table(f"bucket-{source}", source, "bucket(3, c)")
for source in ("string", "int", "bigint", "decimal", "decimal-38", "binary"):
    transform_table(f"truncate-{source}", source, "truncate(2, c)")
for source in ("date", "timestamp", "timestamp-ntz"):
    for unit in ("years", "months", "days") if source == "date" else ("years", "months", "days", "hours"):
        transform_table(f"{unit}-{source}", source, f"{unit}(c)")
