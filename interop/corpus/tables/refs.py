"""Branches, tags, rollbacks, expired and staged snapshots."""

from corpus import MERGE_ON_READ, spark_table


@spark_table(
    "branches-and-tags",
    "v2: branches that diverge from main, one with deletes of its own; tags; retention of refs and snapshots",
    "a branch made before a schema change, a branch whose name needs quoting, a fast-forwarded branch",
    fixture=True,
)
def branches_and_tags(writer):
    writer.create("id bigint, v string", properties=MERGE_ON_READ)
    writer.insert("1, 'a'", "2, 'a'", "3, 'a'")
    writer.sql(
        "ALTER TABLE {t} CREATE TAG first RETAIN 365 DAYS",
        "ALTER TABLE {t} CREATE BRANCH audit RETAIN 30 DAYS WITH SNAPSHOT RETENTION 3 SNAPSHOTS 7 DAYS",
        "ALTER TABLE {t} CREATE BRANCH `we/ird-name \u00e9`",
    )
    writer.insert("4, 'audit'", branch="audit")
    writer.sql("DELETE FROM {t}.branch_audit WHERE id = 1")
    writer.insert("5, 'main'")
    writer.sql("ALTER TABLE {t} ADD COLUMN w int")
    writer.insert("6, 'main', 6")
    writer.sql("ALTER TABLE {t} CREATE BRANCH later", "ALTER TABLE {t} CREATE TAG `2026-01-01`")
    writer.insert("7, 'later', 7", branch="later")
    writer.call("fast_forward", "branch => 'main', to => 'later'")


@spark_table(
    "rolled-back",
    "v2: rolled back to an earlier snapshot, written again; a cherry-picked staged snapshot; a staged one left over",
    "snapshots that main's history does not hold",
    fixture=True,
)
def rolled_back(writer):
    writer.create("id bigint, v string", properties={**MERGE_ON_READ, "write.wap.enabled": "true"})
    writer.insert("1, 'a'", "2, 'a'")
    writer.insert("3, 'gone'")
    writer.sql("DELETE FROM {t} WHERE id = 1")
    first = writer.snapshots()[0]
    writer.engine.sql(f"CALL corpus.system.rollback_to_snapshot('`{writer.name}`', {first})")
    writer.insert("4, 'b'")
    for wap_id, row in (("w1", "5, 'staged'"), ("w2", "6, 'left over'")):
        writer.engine.spark.conf.set("spark.wap.id", wap_id)
        writer.insert(row)
    writer.engine.spark.conf.unset("spark.wap.id")
    staged = writer.engine.sql(f"SELECT snapshot_id FROM {writer.quoted}.snapshots WHERE summary['wap.id'] = 'w1'")
    writer.engine.sql(f"CALL corpus.system.cherrypick_snapshot('`{writer.name}`', {staged[0][0]})")


@spark_table(
    "expired-snapshots",
    "v2: old snapshots expired, so that the log names snapshots that are gone; files of expired snapshots removed",
    "statistics: a Puffin file of table statistics and a partition statistics file",
    fixture=True,
)
def expired_snapshots(writer):
    writer.create("id bigint, region string", partitioned="region", properties=MERGE_ON_READ)
    for i in range(4):
        writer.insert(f"{i}, 'eu'", f"{i + 10}, 'us'", f"{i + 20}, NULL")
    writer.sql("DELETE FROM {t} WHERE id IN (1, 12)", "DELETE FROM {t} WHERE region = 'eu'")
    writer.call("compute_table_stats")
    writer.call("compute_partition_stats")
    writer.call("expire_snapshots", "older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 2")


@spark_table("empty", "v2: a table that never had a snapshot", fixture=True)
def empty(writer):
    writer.create("id bigint, region string", partitioned="region")


@spark_table("emptied", "v2: all rows deleted: a snapshot whose manifests hold no live file", fixture=True)
def emptied(writer):
    writer.create("id bigint, region string", partitioned="region")
    writer.insert("1, 'eu'", "2, 'us'")
    writer.sql("DELETE FROM {t}", "TRUNCATE TABLE {t}")
