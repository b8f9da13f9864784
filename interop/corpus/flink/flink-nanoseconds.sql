SET 'execution.runtime-mode' = 'streaming';
SET 'execution.checkpointing.interval' = '1s';
SET 'table.dml-sync' = 'true';
CREATE CATALOG corpus WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '${PARENT}');
CREATE DATABASE IF NOT EXISTS corpus.`${DATABASE}`;
CREATE TABLE corpus.`${DATABASE}`.`flink-nanoseconds` (id BIGINT, tn TIMESTAMP(9), tz TIMESTAMP_LTZ(9), l ARRAY<TIMESTAMP(9)>)
  WITH ('format-version' = '3');
INSERT INTO corpus.`${DATABASE}`.`flink-nanoseconds` VALUES
  (1, TIMESTAMP '2026-01-01 00:00:00.123456789', CAST(TIMESTAMP '2026-01-01 00:00:00.000000001' AS TIMESTAMP_LTZ(9)),
   ARRAY[TIMESTAMP '1969-12-31 23:59:59.999999999', CAST(NULL AS TIMESTAMP(9))]);
INSERT INTO corpus.`${DATABASE}`.`flink-nanoseconds` (id, tn) VALUES
  (2, TIMESTAMP '1969-12-31 23:59:59.999999999'), (3, CAST(NULL AS TIMESTAMP(9)));
