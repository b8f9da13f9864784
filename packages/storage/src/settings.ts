import { OBJECT_STORE_SERVICES } from './object-store-service.ts'

/**
 * How to reach the stores: properties by the names that Iceberg's FileIO implementations give them (`s3.endpoint`,
 * `s3.access-key-id`), as a catalog or a REST server's table `config` hands them out; others are passed over. Plain
 * JSON: it travels to optimizers within a task. It may hold secrets: see {@link withoutSecrets}.
 */
export type StorageSettings = Readonly<Record<string, string>>

/** The settings that look like a store's but mean nothing here, for a warning: a misspelt name has no effect. */
export function unknownStorageSettings(settings: StorageSettings): readonly string[] {
  const known = new Set(
    OBJECT_STORE_SERVICES.flatMap((service) => [...Object.keys(service.options), ...service.otherSettings]),
  )
  return Object.keys(settings).filter(
    (name) => STORE_SETTING.test(name) && !known.has(name) && !name.startsWith('adls.sas-token.'),
  )
}

/** The settings with the values of secrets replaced, for logs and pages. */
export function withoutSecrets(settings: StorageSettings): StorageSettings {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, SECRET.test(name) ? '***' : value]))
}

const STORE_SETTING = /^(s3|gcs|adls|oss|cos|obs)\./
const SECRET = /secret|token|password|credential|account\.key|connection-string|access-key/i
