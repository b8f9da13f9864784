"""Tables that PyIceberg (pyiceberg_tables.py) and Flink (flink/*.sql) write."""

from corpus import flink_table, pyiceberg_table

pyiceberg_table(
    "pyiceberg-all-types",
    "v2 by PyIceberg: uuid, fixed and time beside all other primitive types; locations with the scheme file://",
    "metadata files named with a UUID, no version hint",
    fixture=True,
    read_by_pyiceberg=True,
)
pyiceberg_table(
    "pyiceberg-partitioned",
    "v2 by PyIceberg: partitioned appends, copy-on-write delete, overwrite of a filter, upsert",
    "a schema changed between commits; an identifier field; a tag and a branch",
    fixture=True,
)
pyiceberg_table("pyiceberg-transforms", "v2 by PyIceberg: every transform that it writes, on values of both signs and null")
flink_table(
    "flink-upsert",
    "v2 by Flink: three commits of upserts: equality deletes, and position deletes where a commit holds a key twice",
    "primary key of two columns, one of them the partition",
    fixture=True,
)
flink_table("flink-append", "v2 by Flink: appends of three checkpoints' commits, partitioned; every type that Flink writes")
flink_table(
    "flink-nanoseconds",
    "v3 by Flink: timestamps of nanoseconds with and without a zone, before and after 1970, in a list too",
    fixture=True,
    read_by_pyiceberg=True,
)
