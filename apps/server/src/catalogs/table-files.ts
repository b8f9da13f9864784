import { isDeepStrictEqual } from 'node:util'
import type { Catalog, LoadedTable, StorageAccess } from '@moraine/catalogs/catalog'
import { endOfCredentials, isVendedCredential } from '@moraine/catalogs/rest/vended-credential'
import { formatIdentifier, identifierKey, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { orAbort } from '@moraine/stdx/abort'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { weighedCache } from '@moraine/stdx/weighed-cache'
import type { FileIO } from '@moraine/storage/file-io'
import type { StorageSettings } from '@moraine/storage/settings'
import { renewedFileIO } from './renewed-file-io.ts'
import { vendedSettings } from './vended-settings.ts'

/** The files of a catalog's tables, reached with what the catalog hands out for each. */
export type TableFiles = {
  /** For as long as it is needed: credentials are renewed before they end. Asks for nothing before the first call. */
  io(identifier: TableIdentifier): FileIO
  /** For somebody who cannot renew them: given out just now, as far as the catalog does that. Never to be logged. */
  loadSettings(identifier: TableIdentifier, signal?: AbortSignal): Promise<StorageSettings>
  /** A table was loaded, and with it came what is handed out. */
  notice(loaded: NoticedTable): void
}

type NoticedTable = Pick<LoadedTable, 'identifier' | 'storageProperties'> & {
  readonly metadata: Pick<LoadedTable['metadata'], 'location'>
}

export type TableFilesDeps = {
  readonly loadStorage: NonNullable<Catalog['loadStorage']>
  /** What was registered with the catalog, and the FileIO of it. */
  readonly own: StorageSettings
  readonly io: FileIO
  readonly open: (settings: StorageSettings) => FileIO
  readonly clock: Clock
  /** Credentials could not be renewed; those at hand are used on. */
  readonly onLate: (identifier: TableIdentifier, error: unknown) => void
}

/** Of one table. `io` is that of `settings`. */
type Held = {
  readonly access: StorageAccess
  readonly settings: StorageSettings
  readonly io: FileIO
  readonly gotAt: EpochMs
  readonly endsAt: EpochMs
}

/** Beyond it, the tables not used for longest are asked for again. A FileIO holds nothing that has to be closed. */
const TABLES_MAX = 500

/** The least that STS gives, for credentials that do not say when they end. */
const UNSAID_LIFE_MS = 15 * 60_000
/** Of what has no credentials in it. */
const SETTINGS_LIFE_MS = 24 * 3_600_000
/** As long before the end as Iceberg's clients renew. */
const MARGIN_MS = 5 * 60_000
const RETRY_MS = 10_000

export function tableFiles(deps: TableFilesDeps): TableFiles {
  const { loadStorage, clock } = deps
  const held = weighedCache<Held>(TABLES_MAX, () => 1)
  const retries = weighedCache<{ readonly at: EpochMs }>(TABLES_MAX, () => 1)
  const asking = new Map<string, Promise<Held>>()

  const keep = (key: string, access: StorageAccess): Held => {
    const fresh = heldFrom(access, held.find(key), deps)
    held.keep(key, fresh)
    return fresh
  }
  const ask = (identifier: TableIdentifier, key: string): Promise<Held> => {
    const known = asking.get(key)
    if (known !== undefined) return known
    const asked = loadStorage(identifier, held.find(key)?.access)
      .then((access) => keep(key, access))
      .finally(() => asking.delete(key))
    asking.set(key, asked)
    return asked
  }
  /** What is held if it is young enough, or else cannot be renewed now and serves still. */
  const find = async (identifier: TableIdentifier, need: Need, signal: AbortSignal | undefined): Promise<Held> => {
    const key = identifierKey(identifier)
    const before = held.find(key)
    const now = clock.now()
    if (before !== undefined && !need.isDue(before, now)) return before
    const serves = before !== undefined && need.serves(before, now)
    if (serves && now < (retries.find(key)?.at ?? 0)) return before
    try {
      return await orAbort(
        ask(identifier, key),
        signal,
        `asking how to reach the files of ${formatIdentifier(identifier)}`,
      )
    } catch (error) {
      if (!serves || signal?.aborted) throw named(error, identifier)
      deps.onLate(identifier, error)
      retries.keep(key, { at: later(now, Math.min(RETRY_MS, marginOf(before) / 5)) })
      return before
    }
  }
  const replace = async (identifier: TableIdentifier, refused: Held, signal: AbortSignal | undefined) => {
    const current = held.find(identifierKey(identifier))
    if (current !== undefined && current.io !== refused.io) return current
    const isYoung = clock.now() - refused.gotAt < Math.min(60_000, lifeOf(refused) / 10)
    const other = isYoung ? refused : await find(identifier, { ...TO_USE, isDue: () => true }, signal)
    return other.io === refused.io ? undefined : other
  }
  return {
    io: (identifier) =>
      renewedFileIO<Held>(
        {
          current: (signal) => find(identifier, TO_USE, signal),
          replace: (refused, signal) => replace(identifier, refused, signal),
        },
        deps.io,
      ),
    loadSettings: async (identifier, signal) => (await find(identifier, TO_GIVE, signal)).settings,
    notice({ identifier, metadata: { location }, storageProperties: properties = {} }) {
      const key = identifierKey(identifier)
      const before = held.find(key)
      const isOfUse =
        before === undefined ||
        before.access.location !== location ||
        TO_USE.isDue(before, clock.now()) ||
        (!isVended(before.access.properties) && isVended(properties))
      if (!isOfUse || asking.has(key)) return
      try {
        keep(key, { location, properties })
      } catch (error) {
        // Metadata can be had without; it is said when files are wanted.
        if (!(error instanceof MoraineError)) throw error
      }
    },
  }
}

function heldFrom(access: StorageAccess, before: Held | undefined, { own, io, open, clock }: TableFilesDeps): Held {
  const settings = vendedSettings(own, access.properties)
  const gotAt = clock.now()
  const unsaidMs = isVended(access.properties) ? UNSAID_LIFE_MS : SETTINGS_LIFE_MS
  const endsAt = endOfCredentials(access.properties) ?? later(gotAt, unsaidMs)
  const same = [{ settings: own, io }, before].find((each) => isDeepStrictEqual(each?.settings, settings))
  return { access, settings, io: same?.io ?? open(settings), gotAt, endsAt }
}

function isVended(properties: StorageSettings): boolean {
  return Object.keys(properties).some(isVendedCredential)
}

type Need = {
  /** Is asked for anew. */
  isDue(held: Held, now: EpochMs): boolean
  /** Serves if nothing newer can be had. */
  serves(held: Held, now: EpochMs): boolean
}

const TO_USE: Need = {
  isDue: (held, now) => now >= held.endsAt - marginOf(held),
  serves: (held, now) => now < held.endsAt - marginOf(held) / 5,
}

/** What was just given out is not asked for again: another task of the table may follow at once. */
const TO_GIVE: Need = {
  isDue: (held, now) => now - held.gotAt >= lifeOf(held) / 10,
  serves: (held, now) => now - held.gotAt < lifeOf(held) / 2,
}

function lifeOf({ gotAt, endsAt }: Held): number {
  return Math.max(0, endsAt - gotAt)
}

function marginOf(held: Held): number {
  return Math.min(MARGIN_MS, lifeOf(held) / 2)
}

function named(error: unknown, identifier: TableIdentifier): unknown {
  if (!(error instanceof MoraineError)) return error
  const message = `the files of ${formatIdentifier(identifier)} cannot be reached: ${error.message}`
  return new MoraineError(error.kind, message, { cause: error.cause, context: error.context })
}
