import { hostname } from 'node:os'
import { orAbort } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from './catalog.ts'
import { openCustomCatalog } from './custom/custom-catalog.ts'
import { filesystemCatalog } from './filesystem/filesystem-catalog.ts'
import { openGlueCatalog } from './glue/glue-catalog.ts'
import { hiveCatalog } from './hive/hive-catalog.ts'
import { openJdbcCatalog } from './jdbc/jdbc-catalog.ts'
import { openRestCatalog } from './rest/rest-catalog.ts'

/** Catalogs that somebody else keeps; `hadoop` is a former name of `filesystem`. */
export type ExternalCatalogType = 'filesystem' | 'hadoop' | 'rest' | 'hive' | 'glue' | 'jdbc' | 'custom'

export type ExternalCatalogOptions = {
  readonly name: string
  readonly type: ExternalCatalogType
  /** Of the catalog and its storage, credentials among them: never to be logged. */
  readonly properties: Readonly<Record<string, string>>
  /** Where the storage properties lead. */
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles?: boolean
  /** How REST catalogs are asked; the runtime's by default. */
  readonly fetch?: typeof fetch
  /** Told of files and locks that were left behind after the outcome was settled; they do no harm. */
  readonly onLeftover: (error: unknown, what: readonly string[]) => void
}

/**
 * Whoever gives up waiting has nothing to close: what opens after that is closed here.
 *
 * @throws {MoraineError} `invalid-input` that names the property that is missing or makes no sense; `aborted`
 */
export async function openExternalCatalog(options: ExternalCatalogOptions, signal?: AbortSignal): Promise<Catalog> {
  const opening = openByType(options, signal)
  try {
    return await orAbort(opening, signal, `opening catalog ${options.name}`)
  } catch (error) {
    opening.then((late) => late.close?.()).catch(() => undefined)
    throw error
  }
}

async function openByType(options: ExternalCatalogOptions, signal: AbortSignal | undefined): Promise<Catalog> {
  const { name, type, properties } = options
  if (type === 'rest') return openRestCatalog(options, signal)
  if (type === 'hive') return hiveCatalog({ ...options, hostname: hostname() })
  if (type === 'glue') return openGlueCatalog(options)
  if (type === 'jdbc') return openJdbcCatalog(options, signal)
  if (type === 'custom') return openCustomCatalog({ ...options, ...(signal && { signal }) })
  return filesystemCatalog({ ...options, warehouse: warehouseOf(name, properties) })
}

/** Where a catalog keeps its tables. */
export function warehouseOf(name: string, { warehouse }: Readonly<Record<string, string>>): string {
  if (warehouse !== undefined && warehouse !== '') return warehouse
  throw new MoraineError('invalid-input', `catalog ${name} needs the property warehouse`)
}
