import { MoraineError } from '@moraine/stdx/error'
import { changeUncertain, noSuchTable, targetTaken } from '../catalog-error.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { formatIdentifier, identifierKey, type TableIdentifier } from '../table-identifier.ts'
import { deleteGlueTable } from './glue-drop.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import {
  findGlueMove,
  type GlueMove,
  type GlueTable,
  gluePointer,
  inputOf,
  movedAway,
  movedBack,
  renamedInGlue,
} from './glue-table.ts'
import { settleGlueChange } from './settle-glue-change.ts'
import { updateGlueTable } from './swap-glue-metadata.ts'

/**
 * Glue cannot rename: the table is created under its new name and deleted under the old one. A commit to the old name in
 * between would be lost, and a death in between would leave two tables with the same files, each of which expires what
 * the other needs. So the old name first stops being an Iceberg table, by an update that only its current version takes,
 * and says where it goes. After a death in between the same rename finishes what was begun.
 */
export async function renameGlueTable(
  store: GlueStore,
  from: TableIdentifier,
  to: TableIdentifier,
  signal?: AbortSignal,
): Promise<void> {
  const found = await findGlueTable(store, from, signal)
  const begun = findGlueMove(found)
  const metadataLocation = begun?.metadataLocation ?? gluePointer(found, from)
  if (found === undefined || metadataLocation === undefined) throw noSuchTable(from)
  const move: GlueMove = { to: identifierKey(to), metadataLocation }
  if (begun !== undefined && begun.to !== move.to) {
    throw new MoraineError('conflict', `${formatIdentifier(from)} is being renamed to ${begun.to}; finish that first`)
  }
  if (begun === undefined) {
    if ((await findGlueTable(store, to, signal)) !== undefined) throw targetTaken(from, to, 'table')
    await takeAway(store, from, to, found, move)
  }
  const away = await findGlueTable(store, from)
  if (away === undefined || findGlueMove(away) === undefined) {
    // Somebody else has finished the same rename, or has dropped the table.
    if (gluePointer(await findGlueTable(store, to), to) === metadataLocation) return
    throw noSuchTable(from)
  }
  await bring(store, from, to, away, move)
  const outcome = await deleteGlueTable(store, from, away)
  if (typeof outcome === 'object') throw changeUncertain('table', from, 'renamed', outcome.unknown)
}

async function takeAway(
  store: GlueStore,
  from: TableIdentifier,
  to: TableIdentifier,
  current: GlueTable,
  move: GlueMove,
): Promise<void> {
  const outcome = await updateGlueTable(store, from, {
    current,
    input: movedAway(current, to, move.metadataLocation),
    look: async () => {
      const table = await findGlueTable(store, from)
      if (findGlueMove(table)?.to === move.to) return 'won'
      return table?.VersionId === current.VersionId ? 'open' : 'lost'
    },
  })
  if (outcome === 'lost') {
    throw new MoraineError('conflict', `a commit to ${formatIdentifier(from)} came in between; rename it again`)
  }
  if (outcome !== 'won') throw changeUncertain('table', from, 'renamed', outcome.unknown)
}

/** Creates the table under its new name; what refuses that puts it back under the old one. */
async function bring(
  store: GlueStore,
  from: TableIdentifier,
  to: TableIdentifier,
  away: GlueTable,
  move: GlueMove,
): Promise<void> {
  const original = movedBack(away, move)
  const request = {
    CatalogId: store.settings.catalogId,
    DatabaseName: to.namespace[0],
    TableInput: renamedInGlue(original, to.name),
  }
  // A rename that is finished by the next one finds what the first has created.
  const isThere = async () => gluePointer(await findGlueTable(store, to), to) === move.metadataLocation
  let outcome: SwapOutcome
  let refusal: unknown
  try {
    outcome = await settleGlueChange(store.service, {
      doing: `to create table ${formatIdentifier(to)}`,
      call: (glue, options) => glue.createTable(request, options),
      look: async () => ((await isThere()) ? 'won' : 'open'),
    })
  } catch (error) {
    refusal = error
    outcome = isGlueAnswer(error, 'AlreadyExistsException') && (await isThere()) ? 'won' : 'lost'
  }
  if (outcome === 'won') return
  if (typeof outcome === 'object') throw changeUncertain('table', from, 'renamed', outcome.unknown)
  const undone = await updateGlueTable(store, from, {
    current: away,
    input: inputOf(original),
    look: async () => (findGlueMove(await findGlueTable(store, from)) === undefined ? 'won' : 'open'),
  })
  if (typeof undone === 'object') throw changeUncertain('table', from, 'put back under its name', undone.unknown)
  throw isGlueAnswer(refusal, 'AlreadyExistsException') ? targetTaken(from, to, 'table') : refusal
}
