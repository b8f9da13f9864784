import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from '../catalog.ts'
import { metadataCache } from '../metadata-file/metadata-cache.ts'
import { hiveNamespaces } from './hive-namespaces.ts'
import { hiveSettings } from './hive-settings.ts'
import type { HiveStore } from './hive-store.ts'
import { hiveTables } from './hive-tables.ts'
import { openMetastore } from './metastore.ts'
import { probeHiveCommit } from './probe-hive-commit.ts'

export type HiveCatalogOptions = {
  readonly name: string
  /**
   * What Iceberg's and Hive's own clients take: `uri` (`thrift://host:port`, several with commas), `warehouse`, `clients`,
   * `engine.hive.lock-enabled`, `engine.hive.enabled`, `iceberg.hive.lock-*`, `hive.metastore.use.SSL`,
   * `hive.metastore.client.auth.mode` (`PLAIN`) with `hive.metastore.client.plain.username` and `.password`, or
   * `hive.metastore.delegation-token`.
   */
  readonly properties: Readonly<Record<string, string>>
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles?: boolean
  /** Of this machine, for those who look at locks. */
  readonly hostname?: string
  /**
   * Told of files that could not be removed after the outcome was settled, which do no harm, and of locks that could not
   * be released, which end by themselves but keep others waiting until then.
   */
  readonly onLeftover: (error: unknown, what: readonly string[]) => void
}

/** Connections are opened when they are needed; they let the process end, with or without `close`. */
export type HiveCatalog = Catalog & { readonly close: () => Promise<void> }

/**
 * The Iceberg tables of a Hive metastore, beside Spark, Trino, Flink, PyIceberg and Hive itself: the metastore has a
 * pointer to the current metadata file of each. A commit takes the metastore's lock as theirs do, or none where the
 * table or the catalog says so (`engine.hive.lock-enabled=false`), which all writers of a table must agree on and only
 * metastores with HIVE-26882 can do without losing commits.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported` if the properties make no sense
 */
export function hiveCatalog(options: HiveCatalogOptions): HiveCatalog {
  const settings = hiveSettings(options.properties)
  const { io, clock, random, hostname = 'unknown', boundsFiles = false, onLeftover } = options
  const metastore = openMetastore(settings, clock, random)
  const cache = metadataCache()
  const store: HiveStore = { settings, metastore, io, clock, random, cache, boundsFiles, hostname, onLeftover }
  return {
    name: options.name,
    ...hiveNamespaces(store),
    ...hiveTables(store),
    probeCommit: (identifier, signal) => probeHiveCommit(store, identifier, signal),
    close: metastore.close,
  }
}
