/**
 * How to reach the stores: properties by the names that Iceberg's FileIO implementations give them (`s3.endpoint`,
 * `s3.access-key-id`), as a catalog or a REST server's table `config` hands them out; others are passed over. Plain
 * JSON: it travels to optimizers within a task. It may hold secrets: never show it.
 */
export type StorageSettings = Readonly<Record<string, string>>
