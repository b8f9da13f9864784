import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { AwsEnvironment } from '../aws/aws-credentials.ts'
import type { Catalog } from '../catalog.ts'
import { metadataCache } from '../metadata-file/metadata-cache.ts'
import { glueNamespaces } from './glue-namespaces.ts'
import { openGlueService } from './glue-service.ts'
import { glueSettings } from './glue-settings.ts'
import type { GlueStore } from './glue-store.ts'
import { glueTables } from './glue-tables.ts'
import { probeGlueCommit } from './probe-glue-commit.ts'

export type GlueCatalogOptions = {
  readonly name: string
  /**
   * What Iceberg's own clients take: `warehouse`, `client.region`, `glue.id`, `glue.endpoint`, `glue.skip-archive`,
   * `glue.skip-name-validation`, `glue.max-retries`, keys as `glue.`, `client.` or `s3.access-key-id`,
   * `secret-access-key` and `session-token`, or `client.credentials-provider`, and `client.assume-role.*`.
   */
  readonly properties: Readonly<Record<string, string>>
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles?: boolean
  /** Where `EnvironmentVariableCredentialsProvider` looks. */
  readonly environment?: AwsEnvironment
  /** Told of files that could not be removed after the outcome was settled; they do no harm. */
  readonly onLeftover: (error: unknown, locations: readonly string[]) => void
}

/** Idle connections let the process end, with or without `close`. */
export type GlueCatalog = Catalog & { readonly close: () => Promise<void> }

/**
 * The Iceberg tables of AWS Glue, beside Athena, EMR, Spark, Trino, Flink and PyIceberg: Glue has a pointer to the current
 * metadata file of each, and changes it only for whoever knows the table's version.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported` if the properties make no sense
 */
export async function openGlueCatalog(options: GlueCatalogOptions): Promise<GlueCatalog> {
  const settings = glueSettings(options.properties)
  const { io, clock, random, environment = process.env, boundsFiles = false, onLeftover } = options
  const service = await openGlueService(settings, { clock, random, environment })
  const cache = metadataCache()
  const store: GlueStore = { settings, service, io, clock, random, cache, boundsFiles, onLeftover }
  return {
    name: options.name,
    ...glueNamespaces(store),
    ...glueTables(store),
    probeCommit: (identifier, signal) => probeGlueCommit(store, identifier, signal),
    close: async () => service.close(),
  }
}
