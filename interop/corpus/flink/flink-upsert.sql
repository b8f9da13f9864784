SET 'execution.runtime-mode' = 'streaming';
SET 'execution.checkpointing.interval' = '1s';
SET 'table.dml-sync' = 'true';
CREATE CATALOG corpus WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '${PARENT}');
CREATE DATABASE IF NOT EXISTS corpus.`${DATABASE}`;
CREATE TABLE corpus.`${DATABASE}`.`flink-upsert` (
  id INT, region STRING, v STRING, n BIGINT,
  PRIMARY KEY (id, region) NOT ENFORCED
) PARTITIONED BY (region) WITH (
  'format-version' = '2', 'write.upsert.enabled' = 'true'
);
INSERT INTO corpus.`${DATABASE}`.`flink-upsert` VALUES (1, 'eu', 'a', 1), (2, 'eu', 'a', 2), (3, 'us', 'a', 3), (4, 'us', 'a', 4);
-- One key several times in one commit: the earlier rows are deleted by position.
INSERT INTO corpus.`${DATABASE}`.`flink-upsert` VALUES (2, 'eu', 'b', 20), (2, 'eu', 'bb', 21), (2, 'eu', 'bbb', 22), (5, 'eu', 'b', 5);
INSERT INTO corpus.`${DATABASE}`.`flink-upsert` VALUES (1, 'eu', 'c', 10), (3, 'eu', 'c', 30), (4, 'us', CAST(NULL AS STRING), 40);
