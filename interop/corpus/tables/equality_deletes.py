"""Equality deletes: their scope by partition and sequence number, several field sets, nulls."""

from corpus import MERGE_ON_READ, spark_table


@spark_table(
    "equality-deletes-global",
    "v2, unpartitioned at first, partitioned later: equality deletes with the unpartitioned spec apply to every partition",
    "two sets of equality fields; null in a key; keys deleted and then inserted again; a delete that matches nothing",
    fixture=True,
)
def equality_deletes_global(writer):
    writer.create("id int, region string, v string")
    writer.insert("1, 'eu', 'a'", "2, 'us', 'a'", "3, NULL, 'a'", "NULL, 'eu', 'a'", "NULL, 'us', 'a'")
    writer.sql("ALTER TABLE {t} ADD PARTITION FIELD region")
    writer.insert("1, 'us', 'b'", "2, 'eu', 'b'", "4, 'eu', 'b'", "5, 'us', 'b'", "6, NULL, 'b'", "NULL, 'us', 'b'")
    writer.equality_delete("SELECT 1 AS id UNION ALL SELECT CAST(NULL AS int)", spec_id=0)
    writer.insert("1, 'eu', 'c'", "NULL, 'eu', 'c'", "7, 'us', 'c'")
    keys = "VALUES ('eu', 2), ('us', 5), (CAST(NULL AS string), 3), ('us', 7), ('us', 1)"
    writer.equality_delete(f"SELECT region, id FROM {keys} AS k(region, id)", spec_id=0)
    writer.insert("2, 'eu', 'd'", "5, 'us', 'd'")
    writer.equality_delete("SELECT 999 AS id", spec_id=0)


@spark_table(
    "equality-deletes-by-partition",
    "v2, partitioned: equality deletes apply within their own partition only",
    "keys deleted and inserted again in the next commit; deletes older than rows with their keys",
    fixture=True,
)
def equality_deletes_by_partition(writer):
    writer.create("id bigint, region string, v string", partitioned="region")
    writer.insert("1, 'eu', 'a'", "2, 'eu', 'a'", "3, 'eu', 'a'", "1, 'us', 'a'", "2, 'us', 'a'", "9, NULL, 'a'")
    writer.equality_delete("SELECT 1L AS id UNION ALL SELECT 9L", partition="region=eu")
    writer.insert("1, 'eu', 'b'", "9, 'eu', 'b'")
    writer.equality_delete("SELECT 2L AS id, 'a' AS v", partition="region=us")
    writer.insert("2, 'us', 'c'", "3, 'eu', 'c'")
    writer.equality_delete("SELECT 3L AS id", partition="region=eu")


@spark_table(
    "equality-and-position-deletes",
    "v2: position and equality deletes on the same data files",
    "an equality column renamed after the delete was written, another one dropped from the table",
    fixture=True,
)
def equality_and_position_deletes(writer):
    writer.create("id bigint, old string, v string", properties=MERGE_ON_READ)
    writer.insert(*(f"{i}, 'o{i % 3}', 'a'" for i in range(12)))
    writer.insert(*(f"{i}, 'o{i % 3}', 'b'" for i in range(12, 24)))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 13)")
    writer.equality_delete("SELECT 2L AS id UNION ALL SELECT 14L UNION ALL SELECT 1L")
    writer.equality_delete("SELECT 'o0' AS old, 'b' AS v")
    writer.sql("DELETE FROM {t} WHERE id IN (4, 16)")
    writer.sql("ALTER TABLE {t} RENAME COLUMN id TO key", "ALTER TABLE {t} DROP COLUMN old")
    writer.insert("2, 'c'", "100, 'c'")


@spark_table(
    "v3-equality-deletes-and-vectors",
    "v3: equality deletes and deletion vectors on the same data files; lineage of what remains",
    fixture=True,
)
def v3_equality_deletes_and_vectors(writer):
    writer.create("id bigint, v string", version=3, properties=MERGE_ON_READ)
    writer.insert(*(f"{i}, 'a'" for i in range(10)))
    writer.insert(*(f"{i}, 'b'" for i in range(10, 20)))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 11)")
    writer.equality_delete("SELECT 2L AS id UNION ALL SELECT 12L")
    writer.insert("2, 'c'", "1, 'c'")
    writer.sql("DELETE FROM {t} WHERE id = 13")


@spark_table(
    "equality-deletes-types",
    "v2: equality deletes keyed by a date, a decimal, a timestamp, a binary and a double with NaN",
)
def equality_deletes_types(writer):
    writer.create("d date, n decimal(20,3), ts timestamp, b binary, x double, v string")
    row = "date'2026-01-{:02}', {}.125, timestamp'2026-01-01 00:00:{:02}', x'0{}', {}, 'r{}'"
    writer.insert(*(row.format(i, i, i, i, "double('NaN')" if i == 5 else f"{i}.5D", i) for i in range(1, 10)))
    writer.equality_delete("SELECT date'2026-01-01' AS d")
    writer.equality_delete("SELECT CAST(2.125 AS decimal(20,3)) AS n")
    writer.equality_delete("SELECT timestamp'2026-01-01 00:00:03' AS ts")
    writer.equality_delete("SELECT x'04' AS b")
    writer.equality_delete("SELECT double('NaN') AS x")
    writer.equality_delete("SELECT 6.5D AS x, x'06' AS b, date'2026-01-06' AS d")
