import type { TablePlace } from '@moraine/catalogs/metadata-file/own-files'
import { identifierKey, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import type { Clock } from '@moraine/stdx/clock'
import { keyedMark } from '../../secrets/keyed-mark.ts'

/**
 * Tables that were staged and are not created yet: the catalog does not know them, and whoever writes their first files
 * needs access meanwhile. Their clients carry the place, sealed, and show it.
 */
export interface StagedTables {
  /** A word of letters, digits, `-`, `_` and one dot, for the principal and a day. */
  seal(identifier: TableIdentifier, place: TablePlace, principal: string): string
  /** `undefined` for a word that is not of this catalog, of another table or principal, or too old. */
  open(word: string, identifier: TableIdentifier, principal: string): TablePlace | undefined
}

export function stagedTables(secret: Uint8Array, clock: Pick<Clock, 'now'>): StagedTables {
  const mark = keyedMark(secret)
  return {
    seal(identifier, { location, properties }, principal) {
      const paths = Object.entries(properties).filter(([key]) => FILE_PATHS.has(key))
      const staged: Staged = {
        of: [identifierKey(identifier), principal],
        endsAt: clock.now() + LIFETIME_MS,
        place: { location, properties: Object.fromEntries(paths) },
      }
      const body = Buffer.from(JSON.stringify(staged)).toString('base64url')
      return `${body}.${mark.of(body).toString('base64url')}`
    },
    open(word, identifier, principal) {
      const [body = '', given = ''] = word.split('.')
      if (!mark.isOf(body, Buffer.from(given, 'base64url'))) return undefined
      // As it was sealed: the mark says so.
      const { of, endsAt, place } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Staged
      const isTheirs = of[0] === identifierKey(identifier) && of[1] === principal
      return isTheirs && clock.now() < endsAt ? place : undefined
    },
  }
}

const FILE_PATHS: ReadonlySet<string> = new Set(FILE_PATH_PROPERTIES)

type Staged = { readonly of: readonly [string, string]; readonly endsAt: number; readonly place: TablePlace }

/** Longer than a statement takes that creates a table of what it reads. */
const LIFETIME_MS = 24 * 3_600_000
