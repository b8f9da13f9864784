"""Position deletes and deletion vectors."""

from corpus import MERGE_ON_READ, spark_table

ORDERS = "id bigint, region string, amount decimal(10,2), ts timestamp"


def orders(first, last):
    """Rows of ORDERS: even ids are in 'eu', odd ones in 'us'."""
    return [
        f"{i}, '{'us' if i % 2 else 'eu'}', {i}.25, timestamp'2026-01-01 00:00:00' + interval {i} hours"
        for i in range(first, last)
    ]


def delete_update_merge(writer):
    writer.sql(
        "DELETE FROM {t} WHERE id IN (3, 5, 17)",
        "UPDATE {t} SET amount = -20 WHERE id = 20",
        """MERGE INTO {t} t USING (SELECT * FROM VALUES (8L, 'eu'), (500L, 'us') AS v(id, region)) u ON t.id = u.id
           WHEN MATCHED THEN UPDATE SET amount = -8
           WHEN NOT MATCHED THEN INSERT (id, region, amount, ts) VALUES (u.id, u.region, 0.5, NULL)""",
    )


@spark_table(
    "v2-position-deletes",
    "v2, partitioned by identity and bucket",
    "merge-on-read DELETE, UPDATE, MERGE: position delete files, each for several data files of a partition",
    fixture=True,
)
def v2_position_deletes(writer):
    properties = {**MERGE_ON_READ, "write.delete.granularity": "partition"}
    writer.create(ORDERS, partitioned="region, bucket(2, id)", properties=properties)
    writer.insert(*orders(0, 12))
    writer.insert(*orders(12, 24))
    delete_update_merge(writer)


@spark_table(
    "v2-position-deletes-by-file",
    "v2, unpartitioned",
    "position delete files, each for one data file (write.delete.granularity=file); one data file with all rows deleted",
    fixture=True,
)
def v2_position_deletes_by_file(writer):
    writer.create(ORDERS, properties={**MERGE_ON_READ, "write.delete.granularity": "file"})
    writer.insert(*orders(0, 10))
    writer.insert(*orders(10, 14))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 11, 12)", "DELETE FROM {t} WHERE id IN (5, 10, 13) AND amount > 0.5")


@spark_table(
    "v3-deletion-vectors",
    "v3, partitioned by identity and bucket",
    "deletion vectors, several in one Puffin file; vectors replaced by later ones",
    "row lineage kept through UPDATE and MERGE",
    fixture=True,
)
def v3_deletion_vectors(writer):
    writer.create(ORDERS, version=3, partitioned="region, bucket(2, id)", properties=MERGE_ON_READ)
    writer.insert(*orders(0, 12))
    writer.insert(*orders(12, 24))
    delete_update_merge(writer)
    writer.sql("DELETE FROM {t} WHERE id IN (2, 7, 19)")


@spark_table(
    "v3-upgraded-from-v2",
    "v2 with position delete files, upgraded to v3",
    "deletion vectors beside old position delete files, and vectors that took an old file's positions over",
    "rows whose lineage began at the upgrade",
    fixture=True,
)
def v3_upgraded_from_v2(writer):
    writer.create(ORDERS, properties={**MERGE_ON_READ, "write.delete.granularity": "partition"})
    writer.insert(*orders(0, 10))
    writer.insert(*orders(10, 20))
    writer.sql("DELETE FROM {t} WHERE id IN (1, 2, 12, 13)", "ALTER TABLE {t} SET TBLPROPERTIES ('format-version' = '3')")
    writer.insert(*orders(20, 30))
    writer.sql("DELETE FROM {t} WHERE id IN (3, 21)")


@spark_table(
    "v3-lineage-compacted",
    "v3, one of two partitions compacted by rewrite_data_files",
    "files that store _row_id and _last_updated_sequence_number beside files that inherit them",
    fixture=True,
)
def v3_lineage_compacted(writer):
    writer.create(ORDERS, version=3, partitioned="region", properties=MERGE_ON_READ)
    writer.insert(*orders(0, 6))
    writer.insert(*orders(6, 12))
    writer.sql("UPDATE {t} SET amount = 99 WHERE id = 4")
    writer.call("rewrite_data_files", "where => 'region = \"eu\"', options => map('rewrite-all', 'true')")
    writer.sql("UPDATE {t} SET amount = 100 WHERE id = 6")


@spark_table("v3-copy-on-write", "v3, copy-on-write DELETE and UPDATE: lineage stored in the rewritten files")
def v3_copy_on_write(writer):
    writer.create(ORDERS, version=3)
    writer.insert(*orders(0, 8))
    writer.insert(*orders(8, 12))
    writer.sql("DELETE FROM {t} WHERE id = 3", "UPDATE {t} SET amount = -1 WHERE id IN (4, 9)")
    writer.insert(*orders(12, 14))


@spark_table(
    "v1-copy-on-write",
    "v1, unpartitioned: appends, copy-on-write DELETE, INSERT OVERWRITE, DELETE of whole files",
    fixture=True,
)
def v1_copy_on_write(writer):
    writer.create(ORDERS, version=1)
    writer.insert(*orders(0, 8))
    writer.insert(*orders(8, 12))
    writer.sql("DELETE FROM {t} WHERE id = 3", "DELETE FROM {t} WHERE id >= 8")
    writer.sql("INSERT OVERWRITE {t} SELECT /*+ COALESCE(1) */ id + 100, region, amount, ts FROM {t} WHERE id < 4")


@spark_table("v1-upgraded-to-v2", "v1 files without sequence numbers, upgraded to v2, then position deletes on them", fixture=True)
def v1_upgraded_to_v2(writer):
    writer.create(ORDERS, version=1, partitioned="region", properties=MERGE_ON_READ)
    writer.insert(*orders(0, 8))
    writer.insert(*orders(8, 12))
    writer.sql("ALTER TABLE {t} SET TBLPROPERTIES ('format-version' = '2')", "DELETE FROM {t} WHERE id IN (1, 8)")
    writer.insert(*orders(12, 14))
