"""One Spark session with Iceberg, and what tests and the corpus do with it.

Needs the environment that spark.sh sets up (SPARK_ICEBERG_JAR). Spark runs in this process's JVM with two threads; it
opens no port but on 127.0.0.1. Names are case sensitive, time is UTC.
"""

import os
import re
import shutil
import tempfile

from pyspark.sql import SparkSession, types

from canonical_row import canonical_row, canonical_value

SESSION_CONF = {
    "spark.master": "local[2]",
    "spark.app.name": "moraine-lab",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    # A session lives for minutes: it never earns back what the second compiler and a collector with threads cost.
    "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}

SCALAR_TYPES = {
    types.BooleanType: "boolean",
    types.ByteType: "int",
    types.ShortType: "int",
    types.IntegerType: "int",
    types.LongType: "long",
    types.FloatType: "float",
    types.DoubleType: "double",
    types.DateType: "date",
    types.TimestampType: "timestamptz",
    types.TimestampNTZType: "timestamp",
    types.StringType: "string",
    types.VarcharType: "string",
    types.CharType: "string",
    types.BinaryType: "binary",
    types.VariantType: "variant",
    types.NullType: "unknown",
}

# Dates and timestamps as the integers that Spark sends: Python's own types end at the years 1 and 9999, and its
# conversion already fails within a day of them.
for exact in (types.DateType, types.TimestampType, types.TimestampNTZType):
    exact.fromInternal = lambda self, value: value


def open_session(conf=None):
    """Starts the session; `conf` is added to SESSION_CONF. The jar is on the driver's class path too, for py4j."""
    jar = os.environ["SPARK_ICEBERG_JAR"]
    scratch = tempfile.mkdtemp(prefix="moraine-spark-")
    builder = SparkSession.builder
    settings = {
        **SESSION_CONF,
        "spark.jars": jar,
        "spark.driver.extraClassPath": jar,
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": os.path.join(scratch, "warehouse"),
        **(conf or {}),
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return Engine(spark, scratch)


class Engine:
    """A session and its scratch directory; `close` ends both."""

    def __init__(self, spark, scratch):
        self.spark = spark
        self.scratch = scratch
        self.jvm = spark.sparkContext._jvm
        self.gateway = spark.sparkContext._gateway

    def close(self):
        self.spark.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def versions(self):
        return {
            "spark": self.spark.version,
            "iceberg": re.search(r"-([0-9.]+)\.jar$", os.environ["SPARK_ICEBERG_JAR"]).group(1),
            "java": self.jvm.java.lang.System.getProperty("java.version"),
        }

    def add_catalog(self, name, properties):
        """Configures Iceberg catalog `name`: {"type": "hadoop", "warehouse": DIR} or {"type": "rest", "uri": URL} and so on."""
        prefix = f"spark.sql.catalog.{name}"
        self.spark.conf.set(prefix, "org.apache.iceberg.spark.SparkCatalog")
        for key, value in properties.items():
            self.spark.conf.set(f"{prefix}.{key}", value)

    def sql(self, text):
        """Runs one statement to its end."""
        return self.spark.sql(text).collect()

    def collect(self, text):
        """The columns and canonical values of a query's rows."""
        frame = self.spark.sql(text)
        fields = json_fields(frame.schema)
        rows = [[canonical_value(value, field["type"]) for value, field in zip(row, fields)] for row in collect(frame)]
        return {"columns": [field["name"] for field in fields], "rows": rows}

    def read(self, table=None, path=None, snapshot_id=None, ref=None, lineage=False):
        """Canonical rows of a table in a catalog, or of `path`: a table directory (Hadoop layout) or one metadata file.

        `snapshot_id` and `ref` (branch or tag) choose a state. With `lineage` (v3 only) each row comes with its
        `_row_id` and `_last_updated_sequence_number`. Rows are sorted.
        """
        reader = self.spark.read.format("iceberg")
        if snapshot_id is not None or ref is not None:
            reader = reader.option("versionAsOf", ref if snapshot_id is None else str(snapshot_id))
        frame = reader.load(self.hadoop_path(path) if path else table)
        fields = json_fields(frame.schema)
        if lineage:
            columns = [quote(field["name"]) for field in fields]
            frame = frame.select(*columns, "_row_id", "_last_updated_sequence_number")
        read = []
        for row in collect(frame):
            values = tuple(row)
            read.append((canonical_row(values[: len(fields)], fields), list(values[len(fields) :])))
        read.sort(key=lambda item: (item[0].encode(), [(value is not None, value) for value in item[1]]))
        result = {"fields": fields, "rows": [row for row, _ in read]}
        return {**result, "lineage": [ids for _, ids in read]} if lineage else result

    def load_table(self, table=None, path=None):
        """The Java table, freshly loaded."""
        if path:
            conf = self.spark.sparkContext._jsc.hadoopConfiguration()
            return self.jvm.org.apache.iceberg.hadoop.HadoopTables(conf).load(self.hadoop_path(path))
        loaded = self.jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, table)
        loaded.refresh()
        return loaded

    def hadoop_path(self, path):
        """A directory Spark can load. One metadata file becomes version 1 of a directory that holds nothing else:
        the metadata names everything by absolute location, so it can be read from anywhere."""
        if not path.endswith(".metadata.json"):
            return path
        shadow = tempfile.mkdtemp(dir=self.scratch)
        os.mkdir(os.path.join(shadow, "metadata"))
        with open(path, "rb") as metadata:
            suffix = "gz.metadata.json" if metadata.read(2) == b"\x1f\x8b" else "metadata.json"
        shutil.copy(path, os.path.join(shadow, "metadata", f"v1.{suffix}"))
        with open(os.path.join(shadow, "metadata", "version-hint.text"), "w") as hint:
            hint.write("1")
        return shadow

    def equality_delete(self, table, keys, spec_id=None, partition=None, branch=None):
        """Commits one equality delete file: rows equal to a row of the query `keys` in all its columns are deleted.

        Spark never writes equality deletes, Iceberg's Java API does. `keys` is a query whose columns have the
        table's names and types. `spec_id` is a partition spec of the table, by default the current one; an
        unpartitioned one makes the delete global. `partition`: the path of the partition, as "a=1/b_bucket=3".
        """
        java_table = self.load_table(table)
        iceberg = self.jvm.org.apache.iceberg
        spec = java_table.spec() if spec_id is None else java_table.specs().get(spec_id)
        tuple_ = None if partition is None else self.partition_tuple(spec, partition)
        records, columns = self.generic_records(keys)
        schema = java_table.schema().select(self.array(self.jvm.java.lang.String, columns))
        schema = reordered(self.jvm, schema, columns)
        ids = self.array(self.gateway.jvm.int, [java_table.schema().findField(name).fieldId() for name in columns])
        files = iceberg.io.OutputFileFactory.builderFor(java_table, 1, 1).format(iceberg.FileFormat.PARQUET).build()
        builder = getattr(iceberg.data, "GenericFileWriterFactory$Builder")(java_table)
        writers = builder.equalityFieldIds(ids).equalityDeleteRowSchema(schema).build()
        target = files.newOutputFile() if tuple_ is None else files.newOutputFile(spec, tuple_)
        writer = writers.newEqualityDeleteWriter(target, spec, tuple_)
        for record in records:
            writer.write(record)
        writer.close()
        delta = java_table.newRowDelta().addDeletes(writer.toDeleteFile())
        (delta.toBranch(branch) if branch else delta).commit()
        self.spark.catalog.refreshTable(table)

    def partition_tuple(self, spec, path):
        builder = self.jvm.org.apache.iceberg.DataFiles.builder(spec).withPath("none.parquet").withFileSizeInBytes(1)
        return builder.withRecordCount(1).withPartitionPath(path).build().partition()

    def generic_records(self, query):
        """The rows of a query as Java records, which must stay in the JVM: py4j unboxes a Long to a Python int and
        would hand it back as an Integer. So Spark writes them to a scratch table and Iceberg reads that."""
        location = os.path.join(tempfile.mkdtemp(dir=self.scratch), "keys")
        frame = self.spark.sql(query)
        catalog = f"keys_{os.path.basename(os.path.dirname(location))}"
        self.add_catalog(catalog, {"type": "hadoop", "warehouse": os.path.dirname(location)})
        frame.coalesce(1).writeTo(f"{catalog}.keys").using("iceberg").create()
        java_table = self.load_table(path=location)
        iterator = self.jvm.org.apache.iceberg.data.IcebergGenerics.read(java_table).build().iterator()
        records = []
        while iterator.hasNext():
            records.append(iterator.next())
        return records, frame.columns

    def array(self, java_class, items):
        array = self.gateway.new_array(java_class, len(items))
        for index, item in enumerate(items):
            array[index] = item
        return array


def reordered(jvm, schema, columns):
    fields = jvm.java.util.ArrayList()
    for name in columns:
        fields.add(schema.findField(name))
    return jvm.org.apache.iceberg.Schema(fields)


def quote(name):
    return "`" + name.replace("`", "``") + "`"


def json_fields(schema):
    return [{"name": field.name, "type": json_type(field.dataType)} for field in schema.fields]


def json_type(type_):
    """The Iceberg JSON type that a Spark type stands for (uuid reads as string, fixed as binary)."""
    if isinstance(type_, types.StructType):
        return {"type": "struct", "fields": json_fields(type_)}
    if isinstance(type_, types.ArrayType):
        return {"type": "list", "element": json_type(type_.elementType)}
    if isinstance(type_, types.MapType):
        return {"type": "map", "key": json_type(type_.keyType), "value": json_type(type_.valueType)}
    if isinstance(type_, types.DecimalType):
        return f"decimal({type_.precision},{type_.scale})"
    return SCALAR_TYPES[type(type_)]


def collect(frame):
    return ([plain(value) for value in row] for row in frame.collect())


def plain(value):
    """Variants, which only Spark's Python can take apart, become JSON text."""
    return value.toJson() if isinstance(value, types.VariantVal) else value
