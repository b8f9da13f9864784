import type { EpochMs } from '@moraine/stdx/brand'
import { findNameProblem, findUnsourcedField } from '../partition/check-partition-spec.ts'
import { addPartitionSpec, removePartitionSpecs, setDefaultSpec } from './apply-partition-updates.ts'
import { addSchema, removeSchemas, setCurrentSchema } from './apply-schema-updates.ts'
import { addSnapshot, removeSnapshotRef, removeSnapshots, setSnapshotRef } from './apply-snapshot-updates.ts'
import { addSortOrder, findSortProblem, setDefaultSortOrder } from './apply-sort-updates.ts'
import { findInconsistency } from './metadata-consistency.ts'
import { currentSchema, draftOf, emptyDraft, invalid, type MetadataDraft, stale } from './metadata-draft.ts'
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
 * result is checked as a whole. `base` is `undefined` for a table to be created. If the updates change nothing, `base`
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
  for (const update of joinedRuns(updates)) applyUpdate(draft, update)
  if (draft.tableUuid === undefined && context.newTableUuid !== undefined) draft.tableUuid = context.newTableUuid
  if (base !== undefined && isUnchanged(base, draft)) return base
  return settle(base, draft, context)
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
    'remove-statistics': removeStatistics,
    'set-partition-statistics': setPartitionStatistics,
    'remove-partition-statistics': removePartitionStatistics,
    'remove-partition-specs': (draft, { specIds }) => removePartitionSpecs(draft, specIds),
    'remove-schemas': (draft, { schemaIds }) => removeSchemas(draft, schemaIds),
    'add-encryption-key': addEncryptionKey,
    'remove-encryption-key': removeEncryptionKey,
  }

function applyUpdate(draft: MetadataDraft, update: TableUpdate): void {
  // TypeScript does not see that the update is of the action by which its function was found.
  const apply = APPLY[update.action] as (draft: MetadataDraft, update: TableUpdate) => void
  apply(draft, update)
}

/**
 * Updates that set properties or remove snapshots, one after another, as one: thousands of them in a row, as clients send
 * that remove snapshots one by one, would each copy what is left.
 */
function joinedRuns(updates: readonly TableUpdate[]): readonly TableUpdate[] {
  const joined: TableUpdate[] = []
  for (let at = 0; at < updates.length; ) {
    let end = at + 1
    while (end < updates.length && updates[end]?.action === updates[at]?.action) end += 1
    for (const update of joinRun(updates.slice(at, end))) joined.push(update)
    at = end
  }
  return joined
}

/** @param run updates of one action */
function joinRun(run: readonly TableUpdate[]): readonly TableUpdate[] {
  const properties = run.flatMap((each) => (each.action === 'set-properties' ? Object.entries(each.updates) : []))
  if (properties.length > 0) return [{ action: 'set-properties', updates: Object.fromEntries(properties) }]
  const snapshotIds = run.flatMap((each) => (each.action === 'remove-snapshots' ? each.snapshotIds : []))
  return snapshotIds.length > 0 ? [{ action: 'remove-snapshots', snapshotIds }] : run
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

function setProperties(draft: MetadataDraft, { updates }: UpdateOf<'set-properties'>): void {
  const { properties } = draft
  const isNew = ([key, value]: [string, string]) => !Object.hasOwn(properties, key) || properties[key] !== value
  if (Object.entries(updates).some(isNew)) draft.properties = { ...properties, ...updates }
}

function removeProperties(draft: MetadataDraft, { removals }: UpdateOf<'remove-properties'>): void {
  const kept = Object.entries(draft.properties).filter(([key]) => !removals.includes(key))
  if (kept.length < Object.keys(draft.properties).length) draft.properties = Object.fromEntries(kept)
}

function setStatistics(draft: MetadataDraft, { statistics }: UpdateOf<'set-statistics'>): void {
  draft.statistics = [...draft.statistics.filter((file) => file.snapshotId !== statistics.snapshotId), statistics]
}

function removeStatistics(draft: MetadataDraft, { snapshotId }: UpdateOf<'remove-statistics'>): void {
  const kept = draft.statistics.filter((file) => file.snapshotId !== snapshotId)
  if (kept.length < draft.statistics.length) draft.statistics = kept
}

function setPartitionStatistics(draft: MetadataDraft, update: UpdateOf<'set-partition-statistics'>): void {
  const { partitionStatistics: added } = update
  const others = draft.partitionStatistics.filter((file) => file.snapshotId !== added.snapshotId)
  draft.partitionStatistics = [...others, added]
}

function removePartitionStatistics(draft: MetadataDraft, update: UpdateOf<'remove-partition-statistics'>): void {
  const kept = draft.partitionStatistics.filter((file) => file.snapshotId !== update.snapshotId)
  if (kept.length < draft.partitionStatistics.length) draft.partitionStatistics = kept
}

function addEncryptionKey(draft: MetadataDraft, { encryptionKey }: UpdateOf<'add-encryption-key'>): void {
  if (draft.encryptionKeys.some((key) => key.keyId === encryptionKey.keyId)) return
  draft.encryptionKeys = [...draft.encryptionKeys, encryptionKey]
}

function removeEncryptionKey(draft: MetadataDraft, { keyId }: UpdateOf<'remove-encryption-key'>): void {
  const kept = draft.encryptionKeys.filter((key) => key.keyId !== keyId)
  if (kept.length < draft.encryptionKeys.length) draft.encryptionKeys = kept
}

function isUnchanged(base: TableMetadata, draft: MetadataDraft): boolean {
  const fields = new Set([...Object.keys(base), ...Object.keys(draft)])
  for (const own of DRAFT_FIELDS) fields.delete(own)
  return [...fields].every((field) => base[field as keyof TableMetadata] === draft[field as keyof TableMetadata])
}

const DRAFT_FIELDS = ['now', 'added', 'removedSnapshotIds'] as const satisfies readonly (keyof MetadataDraft)[]

function settle(base: TableMetadata | undefined, draft: MetadataDraft, context: ApplyContext): TableMetadata {
  checkBindings(base, draft)
  const snapshotLog = settledSnapshotLog(draft)
  const { now, added: _, removedSnapshotIds: __, ...fields } = draft
  const metadata: TableMetadata = {
    ...fields,
    lastUpdatedMs: now,
    snapshotLog,
    metadataLog:
      base === undefined || context.baseLocation === undefined
        ? fields.metadataLog
        : extendedMetadataLog(base, context.baseLocation, fields.properties),
  }
  if (metadata.location === '') invalid('a new table needs a location; add a set-location update')
  if (metadata.tableUuid === undefined && metadata.formatVersion > 1) {
    invalid(`a table of format version ${metadata.formatVersion} needs a uuid; add an assign-uuid update`)
  }
  checkRefs(draft)
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
function checkRefs({ refs, removedSnapshotIds }: MetadataDraft): void {
  for (const [name, ref] of Object.entries(refs)) {
    if (removedSnapshotIds.has(ref.snapshotId)) {
      stale(
        `cannot remove snapshot ${ref.snapshotId}: ${ref.type} ${name} needs it; remove or move the ${ref.type} first`,
      )
    }
  }
}
