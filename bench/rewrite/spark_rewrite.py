"""spark_rewrite.py TABLE_DIRECTORY TARGET_BYTES: rewrites all data files of a table by Iceberg's Spark action.

The session starts and ends within: Spark as it is started for one table. Run by interop/lab/spark.sh.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "interop", "lab"))

from pyspark import SparkContext  # noqa: E402
from spark_engine import open_session  # noqa: E402

location, target_bytes = sys.argv[1], sys.argv[2]
engine = open_session()
try:
    jvm = engine.spark._jvm
    table = jvm.org.apache.iceberg.hadoop.HadoopTables(engine.spark._jsc.hadoopConfiguration()).load(location)
    action = jvm.org.apache.iceberg.spark.actions.SparkActions.get(engine.spark._jsparkSession).rewriteDataFiles(table)
    for key, value in (
        ("rewrite-all", "true"),
        ("target-file-size-bytes", target_bytes),
        ("remove-dangling-deletes", "true"),
        ("max-concurrent-file-group-rewrites", "2"),
    ):
        action = action.option(key, value)
    action.execute()
finally:
    engine.close()
    # Waited for, so that what the JVM used counts as this process's.
    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
