"""Columns added, renamed, reordered, widened, dropped and added again, at the top and inside nested types."""

from corpus import MERGE_ON_READ, spark_table


@spark_table(
    "evolved-schema",
    "v2: columns renamed, reordered, added, widened (int to long, float to double, decimal precision)",
    "a column dropped and a new one added under its name; a name swapped between two columns; files of seven schemas",
    fixture=True,
)
def evolved_schema(writer):
    writer.create("id int NOT NULL, a string, b string, f float, n decimal(9,2), gone int", properties=MERGE_ON_READ)
    writer.insert("1, 'a1', 'b1', 0.1, 1.11, 11", "2, 'a2', 'b2', double('NaN'), -2.22, NULL")
    writer.sql("ALTER TABLE {t} RENAME COLUMN a TO a2", "ALTER TABLE {t} ALTER COLUMN b FIRST")
    writer.insert("'b3', 3, 'a3', 1e10, 3.33, 33")
    writer.sql("ALTER TABLE {t} ALTER COLUMN id TYPE bigint", "ALTER TABLE {t} ALTER COLUMN f TYPE double")
    writer.sql("ALTER TABLE {t} ALTER COLUMN n TYPE decimal(20,2)")
    writer.insert("'b4', 5000000000, 'a4', 1e300, 123456789012345678.44, 44")
    writer.sql("ALTER TABLE {t} DROP COLUMN gone", "ALTER TABLE {t} ADD COLUMN gone string AFTER id")
    writer.insert("'b5', 5, 'back', 'a5', 0.5, 5.55")
    writer.sql("ALTER TABLE {t} RENAME COLUMN b TO tmp", "ALTER TABLE {t} RENAME COLUMN a2 TO b")
    writer.sql("ALTER TABLE {t} RENAME COLUMN tmp TO a2", "ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL")
    writer.insert("'a6', NULL, NULL, 'b6', 0.6, 6.66")
    writer.sql("DELETE FROM {t} WHERE id = 2", "ALTER TABLE {t} ADD COLUMN doc string COMMENT 'added last'")


@spark_table(
    "evolved-nested",
    "v2: fields of structs added, renamed, reordered, dropped, widened: in a struct, in list elements, in map values",
    "structs that are null, and structs all of whose fields are null",
    fixture=True,
    pyiceberg_differs="null lists and maps come out empty",
)
def evolved_nested(writer):
    writer.create(
        "id bigint, s struct<x: int, y: string>, l array<struct<x: int, y: string>>, "
        "m map<string, struct<x: int, y: float>>, k map<struct<p: int>, string>, deep struct<a: struct<b: array<int>>>"
    )
    writer.insert(
        "1, named_struct('x', 1, 'y', 'one'), array(named_struct('x', 1, 'y', 'e1'), NULL), "
        "map('k', named_struct('x', 1, 'y', CAST(0.1 AS float))), map(named_struct('p', 7), 'seven'), "
        "named_struct('a', named_struct('b', array(1, NULL)))",
        "2, NULL, NULL, NULL, NULL, NULL",
        "3, named_struct('x', NULL, 'y', NULL), array(), map(), map(), named_struct('a', NULL)",
    )
    writer.sql(
        "ALTER TABLE {t} ADD COLUMN s.z date",
        "ALTER TABLE {t} ALTER COLUMN s.z FIRST",
        "ALTER TABLE {t} RENAME COLUMN s.x TO x2",
        "ALTER TABLE {t} ALTER COLUMN s.x2 TYPE bigint",
        "ALTER TABLE {t} ADD COLUMN l.element.z int",
        "ALTER TABLE {t} RENAME COLUMN l.element.y TO why",
        "ALTER TABLE {t} ALTER COLUMN m.value.y TYPE double",
        "ALTER TABLE {t} DROP COLUMN m.value.x",
        "ALTER TABLE {t} ADD COLUMN m.value.x string",
        "ALTER TABLE {t} ALTER COLUMN deep.a.b.element TYPE bigint",
        "ALTER TABLE {t} ADD COLUMN deep.a.c map<int, array<int>>",
    )
    writer.insert(
        "4, named_struct('z', date'2026-01-04', 'x2', 5000000000L, 'y', 'four'), array(named_struct('x', 4, 'why', 'e4', 'z', 44)), "
        "map('k', named_struct('y', 4.4D, 'x', 'new x')), map(named_struct('p', 4), NULL), "
        "named_struct('a', named_struct('b', array(5000000000L), 'c', map(1, array(1, 2))))",
        "5, NULL, array(NULL), map('n', NULL), NULL, named_struct('a', named_struct('b', NULL, 'c', NULL))",
    )
    writer.sql("ALTER TABLE {t} DROP COLUMN s.y", "DELETE FROM {t} WHERE id = 3")


@spark_table("evolved-identifier", "v2: identifier fields set, changed and dropped; NOT NULL columns; column comments")
def evolved_identifier(writer):
    writer.create("id bigint NOT NULL COMMENT 'the key', region string NOT NULL, v string")
    writer.sql("ALTER TABLE {t} SET IDENTIFIER FIELDS id")
    writer.insert("1, 'eu', 'a'", "2, 'us', NULL")
    writer.sql("ALTER TABLE {t} SET IDENTIFIER FIELDS id, region")
    writer.insert("3, 'eu', 'b'")
    writer.sql("ALTER TABLE {t} DROP IDENTIFIER FIELDS region", "ALTER TABLE {t} ALTER COLUMN region DROP NOT NULL")
    writer.insert("4, NULL, 'c'")
