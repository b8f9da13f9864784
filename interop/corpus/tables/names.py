"""Names that need care: of columns, of partition fields, in partition paths."""

from corpus import MERGE_ON_READ, spark_table


@spark_table(
    "awkward-names",
    "v2: column names with spaces, quotes, dots, slashes, backticks, unicode, reserved words, a leading digit",
    "partitioned by two of them",
    fixture=True,
)
def awkward_names(writer):
    writer.create(
        "`id col` bigint, `a.b` struct<`c.d`: int, `e f`: string>, `quo\"te` string, `sin'gle` string, `back``tick` int, "
        "`sl/ash` string, `\u00fcn\u00efc\u00f6de \U0001f600` string, `select` int, `1st` int, `pct%20` string, `_file2` string, "
        "`a-b=c&d` int, `list.element` array<int>",
        partitioned="`sl/ash`, truncate(2, `\u00fcn\u00efc\u00f6de \U0001f600`)",
        properties=MERGE_ON_READ,
    )
    writer.insert(
        "1, named_struct('c.d', 1, 'e f', 'x'), 'q', 's', 1, 'p/1', '\u00e9t\u00e9', 1, 1, '%', '_', 1, array(1)",
        "2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        "3, named_struct('c.d', 3, 'e f', NULL), '\"', '''', 3, 'p=2', '\U0001f600\U0001f600\U0001f600', 3, 3, '%25', '', 3, array()",
    )
    writer.sql("DELETE FROM {t} WHERE `id col` = 1")


@spark_table(
    "names-by-case",
    "v2: columns whose names differ only in case, at the top and in a struct; partitioned by one, equality deletes by the other",
    fixture=True,
)
def names_by_case(writer):
    writer.create("id bigint, ID bigint, Id string, s struct<x: int, X: string>", partitioned="bucket(2, ID)")
    writer.insert("1, 10, 'a', named_struct('x', 1, 'X', 'one')", "2, 20, 'b', NULL", "3, 30, 'c', named_struct('x', NULL, 'X', NULL)")
    writer.sql("ALTER TABLE {t} DROP PARTITION FIELD bucket(2, ID)")
    writer.insert("10, 1, 'd', NULL")
    writer.sql("ALTER TABLE {t} ALTER COLUMN Id COMMENT 'the text'")
    spec = writer.java().spec().specId()
    writer.equality_delete("SELECT 10L AS id UNION ALL SELECT 2L", spec_id=spec)
