import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { findCurrentVersion } from './find-version.ts'
import type { VersionFile } from './version-file.ts'

/** What is needed to work on tables in Hadoop layout. */
export type HadoopStore = {
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles?: boolean
  /** Told what could not be tidied up after a commit was made: the hint, or metadata files that were to be removed. */
  readonly onLeftover: (error: unknown, locations: readonly string[]) => void
}

/**
 * Commits are made by creating a file that is not there.
 *
 * @throws {MoraineError} `unsupported` where the store cannot do that, or not in a folder of this name
 */
export function checkCreatesOnly(io: FileIO, folder: string): void {
  if (io.canCreateOnly(folder)) return
  throw new MoraineError(
    'unsupported',
    `the store of ${folder} cannot create a file only if it does not exist, so commits of a filesystem catalog could be lost; use an internal or REST catalog`,
  )
}

export type TableVersion = {
  readonly file: VersionFile
  /** As the file has them, compressed or not. */
  readonly bytes: Uint8Array
  readonly metadata: TableMetadata
}

/**
 * The current version of the table at a location; `undefined` if there is no table. A version that a newer commit has
 * removed meanwhile is looked for again.
 */
export async function loadCurrentVersion(
  { io }: Pick<HadoopStore, 'io'>,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<TableVersion | undefined> {
  let missing: { readonly location: string; readonly error: MoraineError } | undefined
  for (;;) {
    const file = await findCurrentVersion(io, tableLocation, signal)
    if (file === undefined) return undefined
    if (missing?.location === file.location) {
      throw new MoraineError('corrupt', `${file.location} is listed but cannot be read`, { cause: missing.error })
    }
    try {
      const bytes = await io.read(file.location, signal)
      return { file, bytes, metadata: parseTableMetadata(bytes, file.location) }
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      missing = { location: file.location, error }
    }
  }
}
