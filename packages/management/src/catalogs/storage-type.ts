import { MoraineError } from '@moraine/stdx/error'
import type { CatalogMap } from './managed-catalog.ts'

/** The first four are Amoro's. */
export const STORAGE_TYPES = ['Hadoop', 'S3', 'OSS', 'Local', 'GCS', 'ADLS'] as const
export type StorageType = (typeof STORAGE_TYPES)[number]

/** What a registration says for a kind of storage, beside `storage.type`. */
export type StorageWords = {
  /** Of a warehouse there. */
  readonly schemes: readonly string[]
  /** Keys of `storageConfig`. */
  readonly settings: readonly string[]
  /** Values of `auth.type` in `authConfig`, as Amoro's forms write them. */
  readonly authTypes: readonly string[]
}

export const STORAGES: Readonly<Record<StorageType, StorageWords>> = {
  Hadoop: {
    schemes: ['hdfs', 'webhdfs', 'swebhdfs'],
    settings: ['hadoop.core.site', 'hadoop.hdfs.site', 'hive.site'],
    authTypes: ['SIMPLE', 'CUSTOM'],
  },
  S3: {
    schemes: ['s3', 's3a', 's3n'],
    settings: ['storage.s3.region', 'storage.s3.endpoint'],
    authTypes: ['AK/SK', 'CUSTOM'],
  },
  OSS: { schemes: ['oss'], settings: ['storage.oss.endpoint'], authTypes: ['AK/SK', 'CUSTOM'] },
  Local: { schemes: ['file'], settings: [], authTypes: ['SIMPLE', 'CUSTOM'] },
  GCS: { schemes: ['gs'], settings: ['storage.gcs.endpoint'], authTypes: ['CUSTOM'] },
  // An account of Azure has a name and a key.
  ADLS: {
    schemes: ['abfs', 'abfss', 'wasb', 'wasbs'],
    settings: ['storage.adls.endpoint'],
    authTypes: ['AK/SK', 'CUSTOM'],
  },
}

/**
 * Types that say where a warehouse is, and are held to it. Amoro's are not: its clients write `Hadoop` for whatever Hadoop
 * reaches, and `S3` for what is like it.
 */
const EXACT_TYPES = ['GCS', 'ADLS'] as const satisfies readonly StorageType[]

/** Which of the exact types a warehouse is of, if any. */
export function exactStorageOf(warehouse: string | undefined): StorageType | undefined {
  const scheme = schemeOf(warehouse)
  return EXACT_TYPES.find((type) => scheme !== undefined && STORAGES[type].schemes.includes(scheme))
}

/**
 * Holds a registration to its storage, if that is of the exact types, or the warehouse is, and the catalog `takes` its storage.
 *
 * @throws {MoraineError} `invalid-input` naming the field and what it may be
 */
export function checkStorage(
  {
    storageConfig,
    authConfig,
    properties,
  }: Readonly<Record<'storageConfig' | 'authConfig' | 'properties', CatalogMap>>,
  takes: readonly StorageType[],
): void {
  const { warehouse } = properties
  const type = storageConfig['storage.type']
  const meant = exactStorageOf(warehouse)
  if (meant !== undefined && meant !== type && takes.includes(meant)) {
    throw refused(`storageConfig.storage.type is ${type}, and properties.warehouse is ${meant}'s; say ${meant}`)
  }
  const exact = EXACT_TYPES.find((each) => each === type)
  if (exact === undefined) return
  const { schemes, settings, authTypes } = STORAGES[exact]
  // That of a REST catalog may be a mere name.
  if (meant !== exact && (schemeOf(warehouse) !== undefined || warehouse?.startsWith('/'))) {
    throw refused(`properties.warehouse: on ${exact} storage it begins with ${schemes.join('://, ')}://`)
  }
  const other = Object.keys(storageConfig).find((key) => key !== 'storage.type' && !settings.includes(key))
  if (other !== undefined) throw refused(`storageConfig.${other}: ${exact} storage takes ${settings.join(', ')}`)
  const auth = authConfig['auth.type'] ?? 'custom'
  if (authTypes.some((each) => each.toLowerCase() === auth.toLowerCase())) return
  throw refused(`authConfig.auth.type: ${exact} storage takes ${authTypes.join(', ')}, and properties of its own`)
}

function schemeOf(location: string | undefined): string | undefined {
  return /^\s*([a-z][a-z0-9+.-]*):/i.exec(location ?? '')?.[1]?.toLowerCase()
}

function refused(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
