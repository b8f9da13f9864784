import { MoraineError } from '@moraine/stdx/error'

/**
 * The value of a table property, or its default in the reference implementation where the table does not set it. Sizes
 * are in bytes, times in milliseconds; a number beyond 2^53, by which people mean "no limit", is 2^53 - 1.
 *
 * @throws {MoraineError} `invalid-input` that names key, value and what is wanted.
 */
export function tableProperty<K extends TablePropertyKey>(
  properties: Readonly<Record<string, string>>,
  key: K,
): TablePropertyValue<K> {
  const property: Property<unknown> = PROPERTIES[key]
  const text = Object.hasOwn(properties, key) ? properties[key] : undefined
  // The table below pairs each key with a property of its value's type.
  return (text === undefined ? property.fallback : property.read(text, key)) as TablePropertyValue<K>
}

/** @throws {MoraineError} `invalid-input` as {@link tableProperty}, of the first that has a value it cannot have */
export function checkTableProperties(properties: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(properties)) if (isTablePropertyKey(key)) tableProperty(properties, key)
}

function isTablePropertyKey(key: string): key is TablePropertyKey {
  return Object.hasOwn(PROPERTIES, key)
}

export type TablePropertyKey = keyof typeof PROPERTIES
export type TablePropertyValue<K extends TablePropertyKey> =
  (typeof PROPERTIES)[K] extends Property<infer Value> ? Value : never

/** Where writers put files outside of the table's location, by names of today and of former days. */
export const FILE_PATH_PROPERTIES = [
  'write.data.path',
  'write.metadata.path',
  'write.object-storage.path',
  'write.folder-storage.path',
] as const

/** Keys that describe the table when it is created and are never stored with its properties. */
export const RESERVED_PROPERTIES: ReadonlySet<string> = new Set([
  'format-version',
  'uuid',
  'snapshot-count',
  'current-snapshot-id',
  'current-snapshot-summary',
  'current-snapshot-timestamp-ms',
  'current-schema',
  'default-partition-spec',
  'default-sort-order',
])

type Property<Value> = { readonly fallback: Value; readonly read: (text: string, key: string) => Value }

const MIB = 1024 * 1024
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const PROPERTIES = {
  'format-version': integer(2, 1),

  'commit.retry.num-retries': integer(4, 0),
  'commit.retry.min-wait-ms': integer(100, 0),
  'commit.retry.max-wait-ms': integer(MINUTE, 0),
  'commit.retry.total-timeout-ms': integer(30 * MINUTE, 0),
  'commit.status-check.num-retries': integer(3, 0),
  'commit.status-check.min-wait-ms': integer(1000, 0),
  'commit.status-check.max-wait-ms': integer(MINUTE, 0),
  'commit.status-check.total-timeout-ms': integer(30 * MINUTE, 0),
  'commit.manifest.target-size-bytes': integer(8 * MIB, 1),
  'commit.manifest.min-count-to-merge': integer(100, 0),
  'commit.manifest-merge.enabled': flag(true),

  'write.format.default': choice('parquet', ['parquet', 'orc', 'avro']),
  'write.delete.format.default': optional(choice('parquet', ['parquet', 'orc', 'avro'])),
  'write.target-file-size-bytes': integer(512 * MIB, 1),
  'write.delete.target-file-size-bytes': integer(64 * MIB, 1),
  // Tables made since version 1.4 of the reference implementation all set zstd.
  'write.parquet.compression-codec': text('gzip'),
  'write.parquet.compression-level': optional(integer(0, undefined)),
  'write.parquet.row-group-size-bytes': integer(128 * MIB, 1),
  'write.parquet.page-size-bytes': integer(MIB, 1),
  'write.parquet.page-row-limit': integer(20_000, 1),
  'write.parquet.dict-size-bytes': integer(2 * MIB, 0),
  'write.avro.compression-codec': text('gzip'),
  'write.orc.compression-codec': text('zlib'),
  'write.delete.granularity': choice('partition', ['partition', 'file']),
  'write.distribution-mode': optional(choice('none', ['none', 'hash', 'range'])),

  'write.data.path': optional(text('')),
  'write.metadata.path': optional(text('')),
  'write.folder-storage.path': optional(text('')),
  'write.object-storage.path': optional(text('')),
  'write.object-storage.enabled': flag(false),
  'write.object-storage.partitioned-paths': flag(true),
  'write.location-provider.impl': optional(text('')),

  'write.metadata.compression-codec': choice('none', ['none', 'gzip']),
  'write.metadata.previous-versions-max': integer(100, undefined),
  'write.metadata.delete-after-commit.enabled': flag(false),
  'write.metadata.metrics.default': text('truncate(16)'),
  'write.metadata.metrics.max-inferred-column-defaults': integer(100, 0),
  'write.summary.partition-limit': integer(0, 0),
  'write.wap.enabled': flag(false),
  'write.upsert.enabled': flag(false),

  'read.split.target-size': integer(128 * MIB, 1),
  'read.split.planning-lookback': integer(10, 1),
  'read.split.open-file-cost': integer(4 * MIB, 0),

  'schema.name-mapping.default': optional(text('')),

  'gc.enabled': flag(true),
  'history.expire.max-snapshot-age-ms': integer(5 * DAY, undefined),
  'history.expire.min-snapshots-to-keep': integer(1, undefined),
  'history.expire.max-ref-age-ms': integer(Number.MAX_SAFE_INTEGER, undefined),
} as const

/** All that are read here. */
export const TABLE_PROPERTY_KEYS: readonly string[] = Object.keys(PROPERTIES)

function integer(fallback: number, least: number | undefined): Property<number> {
  const wanted = least === undefined ? 'an integer' : `an integer of at least ${least}`
  return {
    fallback,
    read: (text, key) => {
      const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
      if (Number.isNaN(value) || (least !== undefined && value < least)) return refuse(key, text, wanted)
      return Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)
    },
  }
}

function flag(fallback: boolean): Property<boolean> {
  return {
    fallback,
    read: (text, key) => {
      const lower = text.trim().toLowerCase()
      return lower === 'true' || lower === 'false' ? lower === 'true' : refuse(key, text, 'true or false')
    },
  }
}

function text(fallback: string): Property<string> {
  return { fallback, read: (value) => value }
}

function choice<const Choice extends string>(fallback: NoInfer<Choice>, choices: readonly Choice[]): Property<Choice> {
  return {
    fallback,
    read: (text, key) =>
      choices.find((each) => each === text.trim().toLowerCase()) ?? refuse(key, text, `one of ${choices.join(', ')}`),
  }
}

function optional<Value>(property: Property<Value>): Property<Value | undefined> {
  return { ...property, fallback: undefined }
}

function refuse(key: string, value: string, wanted: string): never {
  throw new MoraineError('invalid-input', `table property ${key} is "${value}"; set it to ${wanted}, or remove it`)
}
