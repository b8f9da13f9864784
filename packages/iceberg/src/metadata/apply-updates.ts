import type { EpochMs } from '@moraine/stdx/brand'
import { findNameProblem, findUnsourcedField } from '../partition/check-partition-spec.ts'
import { addPartitionSpec, removePartitionSpecs, setDefaultSpec } from './apply-partition-updates.ts'
import { addSchema, removeSchemas, setCurrentSchema } from './apply-schema-updates.ts'
import { addSnapshot, removeSnapshotRef, removeSnapshots, setSnapshotRef } from './apply-snapshot-updates.ts'
import { addSortOrder, findSortProblem, setDefaultSortOrder } from './apply-sort-updates.ts'
import { checkNewProperties } from './check-properties.ts'
import { findInconsistency } from './metadata-consistency.ts'
import {
  currentSchema,
  draftedMetadata,
  draftOf,
  emptyDraft,
  invalid,
  type MetadataDraft,
  stale,
} from './metadata-draft.ts'
import { extendedMetadataLog } from './metadata-log.ts'
import { settledSnapshotLog } from './snapshot-log.ts'
import type { FormatVersion, TableMetadata } from './table-metadata.ts'
import { stripTrailingSlash } from './table-metadata-json.ts'
import type { TableUpdate } from './table-update.ts'

export type ApplyContext = {
  readonly now: EpochMs
  /** Where `base` was read from: becomes the newest entry of the metadata log. Absent if it was never written. */
  readonly baseLocation?: string
  /** The uuid of a table that has none, neither from before nor by an update. */
  readonly newTableUuid?: string
}

/**
 * The table's next state. Every commit goes through here, whoever makes it: the updates are applied in order, then the
 * result is checked as a whole. What an update costs does not depend on how many there are, but for those of schemas, specs
 * and orders, each of which is held against all that the table has of its kind. `base` is `undefined` for a table to be created. If the updates change nothing, `base`
 * itself is returned and there is nothing to commit.
 *
 * Rules and outcomes are those of the table spec and of the reference implementation of the REST catalog, but that a
 * table's uuid cannot be changed, and that a snapshot which a branch or tag needs cannot be removed.
 *
 * @throws {MoraineError} `invalid-input` if an update can never be applied to the table, `conflict` if it rests on a
 * state of the table that has passed, so that the writer should make it again.
 */
export function applyUpdates(
  base: TableMetadata | undefined,
  updates: readonly TableUpdate[],
  context: ApplyContext,
): TableMetadata {
  const draft = base === undefined ? emptyDraft(initialVersion(updates), context.now) : draftOf(base, context.now)
  for (const update of updates) applyUpdate(draft, update)
  if (draft.tableUuid === undefined && context.newTableUuid !== undefined) draft.tableUuid = context.newTableUuid
  const drafted = draftedMetadata(draft)
  if (base !== undefined && draft.logged.length === 0 && isSame(base, drafted)) return base
  checkNewProperties(base?.properties, drafted.properties)
  return settle(base, draft, drafted, context)
}

type UpdateOf<Action extends TableUpdate['action']> = Extract<TableUpdate, { action: Action }>

const APPLY: { readonly [Action in TableUpdate['action']]: (draft: MetadataDraft, update: UpdateOf<Action>) => void } =
  {
    'assign-uuid': assignUuid,
    'upgrade-format-version': upgradeFormatVersion,
    'add-schema': (draft, { schema, lastColumnId }) => addSchema(draft, schema, lastColumnId),
    'set-current-schema': (draft, { schemaId }) => setCurrentSchema(draft, schemaId),
    'add-spec': (draft, { spec }) => addPartitionSpec(draft, spec),
    'set-default-spec': (draft, { specId }) => setDefaultSpec(draft, specId),
    'add-sort-order': (draft, { sortOrder }) => addSortOrder(draft, sortOrder),
    'set-default-sort-order': (draft, { sortOrderId }) => setDefaultSortOrder(draft, sortOrderId),
    'add-snapshot': (draft, { snapshot }) => addSnapshot(draft, snapshot),
    'set-snapshot-ref': (draft, { refName, ref }) => setSnapshotRef(draft, refName, ref),
    'remove-snapshot-ref': (draft, { refName }) => removeSnapshotRef(draft, refName),
    'remove-snapshots': (draft, { snapshotIds }) => removeSnapshots(draft, snapshotIds),
    'set-location': setLocation,
    'set-properties': setProperties,
    'remove-properties': removeProperties,
    'set-statistics': setStatistics,
    'remove-statistics': (draft, { snapshotId }) => void draft.statistics.remove(snapshotId),
    'set-partition-statistics': setPartitionStatistics,
    'remove-partition-statistics': (draft, { snapshotId }) => void draft.partitionStatistics.remove(snapshotId),
    'remove-partition-specs': (draft, { specIds }) => removePartitionSpecs(draft, specIds),
    'remove-schemas': (draft, { schemaIds }) => removeSchemas(draft, schemaIds),
    'add-encryption-key': addEncryptionKey,
    'remove-encryption-key': (draft, { keyId }) => void draft.encryptionKeys.remove(keyId),
  }

function applyUpdate(draft: MetadataDraft, update: TableUpdate): void {
  // TypeScript does not see that the update is of the action by which its function was found.
  const apply = APPLY[update.action] as (draft: MetadataDraft, update: TableUpdate) => void
  apply(draft, update)
}

// A new table starts in the version it asks for, since it cannot be downgraded.
function initialVersion(updates: readonly TableUpdate[]): FormatVersion {
  return updates.find((update) => update.action === 'upgrade-format-version')?.formatVersion ?? 2
}

function assignUuid(draft: MetadataDraft, { uuid }: UpdateOf<'assign-uuid'>): void {
  if (draft.tableUuid !== undefined && draft.tableUuid.toLowerCase() !== uuid.toLowerCase()) {
    invalid(`cannot assign uuid ${uuid}: the table is ${draft.tableUuid}, and caches know it by that`)
  }
  draft.tableUuid ??= uuid
}

function upgradeFormatVersion(draft: MetadataDraft, { formatVersion }: UpdateOf<'upgrade-format-version'>): void {
  if (formatVersion < draft.formatVersion)
    invalid(`cannot downgrade v${draft.formatVersion} table to v${formatVersion}`)
  draft.formatVersion = formatVersion
}

function setLocation(draft: MetadataDraft, { location }: UpdateOf<'set-location'>): void {
  if (location === '') invalid('cannot set an empty location')
  draft.location = stripTrailingSlash(location)
}

function setProperties({ properties }: MetadataDraft, { updates }: UpdateOf<'set-properties'>): void {
  for (const [key, value] of Object.entries(updates)) properties.set(key, value)
}

function removeProperties({ properties }: MetadataDraft, { removals }: UpdateOf<'remove-properties'>): void {
  for (const key of removals) properties.remove(key)
}

function setStatistics(draft: MetadataDraft, { statistics }: UpdateOf<'set-statistics'>): void {
  draft.statistics.remove(statistics.snapshotId)
  draft.statistics.add(statistics)
}

function setPartitionStatistics(draft: MetadataDraft, update: UpdateOf<'set-partition-statistics'>): void {
  draft.partitionStatistics.remove(update.partitionStatistics.snapshotId)
  draft.partitionStatistics.add(update.partitionStatistics)
}

function addEncryptionKey({ encryptionKeys }: MetadataDraft, { encryptionKey }: UpdateOf<'add-encryption-key'>): void {
  if (encryptionKeys.find(encryptionKey.keyId) === undefined) encryptionKeys.add(encryptionKey)
}

function isSame(base: TableMetadata, drafted: TableMetadata): boolean {
  const fields = new Set([...Object.keys(base), ...Object.keys(drafted)])
  return [...fields].every((field) => base[field as keyof TableMetadata] === drafted[field as keyof TableMetadata])
}

function settle(
  base: TableMetadata | undefined,
  draft: MetadataDraft,
  drafted: TableMetadata,
  context: ApplyContext,
): TableMetadata {
  checkBindings(base, draft)
  const metadata: TableMetadata = {
    ...drafted,
    lastUpdatedMs: draft.now,
    snapshotLog: settledSnapshotLog(draft),
    metadataLog:
      base === undefined || context.baseLocation === undefined
        ? drafted.metadataLog
        : extendedMetadataLog(base, context.baseLocation, drafted.properties),
  }
  if (metadata.location === '') invalid('a new table needs a location; add a set-location update')
  if (metadata.tableUuid === undefined && metadata.formatVersion > 1) {
    invalid(`a table of format version ${metadata.formatVersion} needs a uuid; add an assign-uuid update`)
  }
  checkRefs(metadata, draft)
  const wrong = findInconsistency(metadata)
  return wrong === undefined ? metadata : invalid(`the updates contradict each other: ${wrong.field} ${wrong.problem}`)
}

// Whether the default spec and order can be used with the current schema; judged when one of them changes, so that a
// table which other software has left at odds with itself can still be written and mended.
function checkBindings(base: TableMetadata | undefined, draft: MetadataDraft): void {
  const schemaChanges = base?.currentSchemaId !== draft.currentSchemaId
  const schema = currentSchema(draft)
  const spec = draft.partitionSpecs.find((candidate) => candidate.specId === draft.defaultSpecId)
  if (spec !== undefined && (schemaChanges || base?.defaultSpecId !== draft.defaultSpecId)) {
    const problem = findUnsourcedField(spec, schema)
    if (problem !== undefined) invalid(`the default partition spec and the current schema disagree: ${problem}`)
  }
  const order = draft.sortOrders.find((candidate) => candidate.orderId === draft.defaultSortOrderId)
  if (order !== undefined && (schemaChanges || base?.defaultSortOrderId !== draft.defaultSortOrderId)) {
    const problem = findSortProblem(order, schema)
    if (problem !== undefined) invalid(`the default sort order and the current schema disagree: ${problem}`)
  }
  if (!schemaChanges) return
  for (const each of draft.partitionSpecs) {
    const problem = findNameProblem(each, schema)
    if (problem !== undefined) invalid(`partition spec ${each.specId} and the current schema disagree: ${problem}`)
  }
}

// A branch or tag may have been set while the snapshots to remove were chosen.
function checkRefs({ refs }: TableMetadata, { removedSnapshotIds }: MetadataDraft): void {
  for (const [name, ref] of Object.entries(refs)) {
    if (removedSnapshotIds.has(ref.snapshotId)) {
      stale(
        `cannot remove snapshot ${ref.snapshotId}: ${ref.type} ${name} needs it; remove or move the ${ref.type} first`,
      )
    }
  }
}
