SET 'execution.runtime-mode' = 'streaming';
SET 'execution.checkpointing.interval' = '1s';
SET 'table.dml-sync' = 'true';
CREATE CATALOG corpus WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '${PARENT}');
CREATE DATABASE IF NOT EXISTS corpus.`${DATABASE}`;
CREATE TABLE corpus.`${DATABASE}`.`flink-append` (
  id BIGINT, region STRING, flag BOOLEAN, i INT, f FLOAT, d DOUBLE, n DECIMAL(20, 3), `day` DATE,
  ts TIMESTAMP(6), tz TIMESTAMP_LTZ(6), b BYTES, l ARRAY<INT>, m MAP<STRING, INT>, s ROW<x INT, y STRING>
) PARTITIONED BY (region) WITH ('format-version' = '2');
INSERT INTO corpus.`${DATABASE}`.`flink-append` VALUES
  (1, 'eu', TRUE, 1, CAST(0.1 AS FLOAT), 1.5E300, 123.456, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999',
   CAST(TIMESTAMP '2026-01-01 00:00:00' AS TIMESTAMP_LTZ(6)), X'00ff', ARRAY[1, 2], MAP['a', 1], ROW(1, 'x'));
INSERT INTO corpus.`${DATABASE}`.`flink-append` (id, region) VALUES (2, 'us'), (3, CAST(NULL AS STRING));
INSERT INTO corpus.`${DATABASE}`.`flink-append` (id, region, i) VALUES (4, 'eu', -4);
