"""How files are written: codecs, formats, bloom filters, sort orders, imported files, metadata layouts."""

import os

from corpus import MERGE_ON_READ, spark_table

COLUMNS = "id bigint, region string, amount decimal(12,2)"


def rows(first, last):
    return [f"{i}, '{['eu', 'us', 'ap'][i % 3]}', {i}.5" for i in range(first, last)]


@spark_table(
    "codecs",
    "v2: one data file each in zstd, snappy, gzip, lz4 and no compression; position deletes on each; several pages and row groups",
    fixture=True,
)
def codecs(writer):
    writer.create(
        COLUMNS,
        properties={
            **MERGE_ON_READ,
            "write.parquet.page-row-limit": "5",
            "write.parquet.row-group-check-min-record-count": "10",
            "write.parquet.row-group-check-max-record-count": "10",
            "write.parquet.row-group-size-bytes": "128",
        },
    )
    for batch, codec in enumerate(("zstd", "snappy", "gzip", "lz4", "uncompressed")):
        writer.sql(f"ALTER TABLE {{t}} SET TBLPROPERTIES ('write.parquet.compression-codec' = '{codec}')")
        writer.insert(*rows(batch * 12, batch * 12 + 12))
    writer.sql("DELETE FROM {t} WHERE id % 12 IN (4, 11)")


@spark_table("bloom-filters", "v2: Parquet files with bloom filters on a long, a string and a decimal column")
def bloom_filters(writer):
    properties = {f"write.parquet.bloom-filter-enabled.column.{name}": "true" for name in ("id", "region", "amount")}
    writer.create(COLUMNS, properties={**properties, "write.parquet.bloom-filter-max-bytes": "1024"})
    writer.insert(*rows(0, 40))
    writer.insert(*rows(40, 80))


@spark_table(
    "orc-and-avro",
    "v2: Parquet, ORC and Avro data files in one table; position delete files in each format",
    fixture=True,
)
def orc_and_avro(writer):
    writer.create("id bigint, region string, amount decimal(12,2), ts timestamp, l array<int>", properties=MERGE_ON_READ)
    for batch, file_format in enumerate(("parquet", "orc", "avro")):
        writer.sql(f"ALTER TABLE {{t}} SET TBLPROPERTIES ('write.format.default' = '{file_format}')")
        extra = "timestamp'2026-01-01 00:00:00', array(1, NULL)"
        writer.insert(*(f"{row}, {extra}" for row in rows(batch * 10, batch * 10 + 10)))
        writer.sql(f"DELETE FROM {{t}} WHERE id = {batch * 10 + 3} OR id = {batch}")


@spark_table(
    "sorted",
    "v2: a sort order with directions, null orders and a transform; changed once, so files name two sort orders and none",
    "write.distribution-mode range and hash",
    fixture=True,
)
def sorted_(writer):
    writer.create("id bigint, region string, amount decimal(12,2)", partitioned="region")
    writer.insert(*rows(0, 6))
    writer.sql("ALTER TABLE {t} WRITE ORDERED BY region ASC NULLS LAST, amount DESC NULLS FIRST, bucket(4, id)")
    writer.insert(*rows(6, 12))
    writer.sql("ALTER TABLE {t} WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY id DESC")
    writer.insert(*rows(12, 18))
    writer.sql("ALTER TABLE {t} WRITE UNORDERED", "ALTER TABLE {t} SET TBLPROPERTIES ('write.distribution-mode' = 'none')")
    writer.insert(*rows(18, 21))


@spark_table(
    "imported",
    "v2: plain Parquet files without field ids, imported by add_files: columns by name mapping",
    "the mapping kept up by later renames; identity partition values that are only in the path, not in the file",
    fixture=True,
)
def imported(writer):
    # The files become the table's own, so they lie below its location; the catalog creates the table around them.
    source = os.path.join(writer.location, "imported")
    frame = writer.engine.spark.sql(
        "SELECT id, CASE WHEN id % 2 = 0 THEN 'eu' ELSE 'us' END AS region, CAST(id AS string) AS text, "
        "named_struct('x', CAST(id AS int), 'y', array(id)) AS s FROM range(0, 12, 1, 1)"
    )
    frame.write.partitionBy("region").parquet(source)
    writer.create("id bigint, text string, s struct<x: int, y: array<bigint>>, region string", partitioned="region", properties=MERGE_ON_READ)
    writer.engine.sql(f"CALL corpus.system.add_files(table => '`{writer.name}`', source_table => '`parquet`.`{source}`')")
    for leftover in ("_SUCCESS", "._SUCCESS.crc"):
        os.remove(os.path.join(source, leftover))
    writer.sql("ALTER TABLE {t} RENAME COLUMN text TO label", "ALTER TABLE {t} RENAME COLUMN s.x TO x2")
    writer.insert("100, 'new', named_struct('x2', 1, 'y', array(1L)), 'eu'")
    writer.sql("DELETE FROM {t} WHERE id IN (0, 5)")


@spark_table(
    "gzip-metadata",
    "v2: gzip-compressed metadata JSON; manifests merged at each commit; a table property of every awkward kind",
    "data and metadata written to folders of their own names; locations with the scheme file:",
    fixture=True,
)
def gzip_metadata(writer):
    writer.create(
        COLUMNS,
        partitioned="region",
        properties={
            "write.metadata.compression-codec": "gzip",
            "commit.manifest.min-count-to-merge": "2",
            "write.data.path": f"file:{writer.location}/files elsewhere",
            "comment": 'quotes " and \u00fcnic\u00f6de, an \\\\ and = and ,',
            "empty": "",
        },
    )
    for batch in range(3):
        writer.insert(*rows(batch * 3, batch * 3 + 3))
    writer.sql("DELETE FROM {t} WHERE region = 'ap'")


@spark_table(
    "rewritten-manifests",
    "v2: manifests rewritten (entries whose status is existing, with sequence numbers of their own), then more commits",
    "position delete files rewritten; data files rewritten while deletes stay",
    fixture=True,
)
def rewritten_manifests(writer):
    writer.create(COLUMNS, partitioned="region", properties=MERGE_ON_READ)
    writer.insert(*rows(0, 6))
    writer.insert(*rows(6, 12))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 6)")
    writer.call("rewrite_manifests")
    writer.call("rewrite_data_files", "where => 'region = \"eu\"', options => map('rewrite-all', 'true')")
    writer.call("rewrite_position_delete_files", "options => map('rewrite-all', 'true')")


@spark_table("object-storage-layout", "v2: write.object-storage.enabled: hashed folders; the metadata log kept whole")
def object_storage_layout(writer):
    properties = {"write.object-storage.enabled": "true", "write.metadata.delete-after-commit.enabled": "false"}
    writer.create(COLUMNS, partitioned="region", properties=properties)
    for batch in range(3):
        writer.insert(*rows(batch * 3, batch * 3 + 3))


@spark_table("many-small-files", "v2: 40 appends to three partitions: the plain case for compaction")
def many_small_files(writer):
    writer.create(COLUMNS, partitioned="region", properties=MERGE_ON_READ)
    for batch in range(40):
        writer.insert(*rows(batch * 9, batch * 9 + 9))
    writer.sql("DELETE FROM {t} WHERE id % 10 = 0")


@spark_table("many-rows", "v3: 60,000 rows in files of several row groups, with deletion vectors of runs and of scattered rows")
def many_rows(writer):
    properties = {**MERGE_ON_READ, "write.parquet.row-group-size-bytes": "100000"}
    writer.create("id bigint, region string, text string, x double", version=3, partitioned="region", properties=properties)
    for batch in range(3):
        writer.sql(
            f"INSERT INTO {{t}} SELECT id + {batch * 20000}, IF(id % 2 = 0, 'eu', 'us'), sha2(CAST(id AS string), 256), id / 7 FROM range(20000)"
        )
    writer.sql("DELETE FROM {t} WHERE id BETWEEN 5000 AND 17000", "DELETE FROM {t} WHERE id % 97 = 3")
    writer.sql("UPDATE {t} SET x = -1 WHERE id % 1000 = 1")
