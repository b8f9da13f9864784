import { MoraineError } from '@moraine/stdx/error'

/**
 * How to reach the stores: properties by the names that Iceberg's FileIO implementations give them (`s3.endpoint`,
 * `s3.access-key-id`), as a catalog or a REST server's table `config` hands them out; others are passed over. Plain
 * JSON: it travels to optimizers within a task. It may hold secrets: never show it.
 */
export type StorageSettings = Readonly<Record<string, string>>

/** Whether a property of a catalog, by its name, is one of these: `warehouse` and `uri` are not. */
export function isStorageSetting(name: string): boolean {
  return /^(s3|client|gcs|adls|oss|cos|obs|hdfs|dfs|local)\./.test(name) || name === 'fs.defaultFS' || name === 'ugi'
}

/** @throws {MoraineError} `invalid-input` naming the setting if it is neither true nor false */
export function isTrue(settings: StorageSettings, name: string): boolean {
  const value = (settings[name] ?? 'false').toLowerCase()
  if (value === 'true' || value === 'false') return value === 'true'
  throw new MoraineError('invalid-input', `${name} is ${JSON.stringify(settings[name])}; it may be true or false`)
}
