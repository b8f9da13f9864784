import type { EpochMs } from '@moraine/stdx/brand'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { checkNewProperties } from '../metadata/check-properties.ts'
import { invalid, nextId } from '../metadata/metadata-draft.ts'
import { stripTrailingSlash } from '../metadata/table-metadata-json.ts'
import { checkSchema } from '../schema/check-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { isSameSchema } from '../schema/schema-equality.ts'
import { findViewVersion, type ViewMetadata, type ViewVersion } from './view-metadata.ts'
import { encodeViewVersion } from './view-metadata-json.ts'
import { historySize, mayDropDialects } from './view-properties.ts'
import type { ViewUpdate } from './view-update.ts'

/**
 * The view's next state: the updates are applied in order, then versions beyond the view's history are dropped. `base` is
 * `undefined` for a view to be created. If the updates change nothing, `base` itself is returned.
 *
 * Rules and messages are those of the view spec and of the reference implementation, but that a view's uuid cannot be
 * changed, and that a version equal to an older one may be made current again by -1.
 *
 * @throws {MoraineError} `invalid-input` if an update can never be applied to the view
 */
export function applyViewUpdates(
  base: ViewMetadata | undefined,
  updates: readonly ViewUpdate[],
  { now }: { readonly now: EpochMs },
): ViewMetadata {
  const draft: Draft = { ...(base ?? EMPTY), now, added: { versionIds: new Set() } }
  for (const update of updates) applyUpdate(draft, update)
  const { now: _, added, ...metadata } = draft
  if (base !== undefined && FIELDS.every((field) => base[field] === metadata[field])) return base
  checkNewProperties(base?.properties, metadata.properties)
  if (metadata.viewUuid === '') invalid('a new view needs a uuid; add an assign-uuid update')
  if (metadata.location === '') invalid('a new view needs a location; add a set-location update')
  const current = findViewVersion(metadata.versions, metadata.currentVersionId)
  if (current === undefined) invalid('Invalid view: no versions were added')
  if (base !== undefined) checkDialects(base, current, metadata)
  return withoutOldVersions(metadata, Math.max(historySize(metadata.properties), added.versionIds.size))
}

type Draft = { -readonly [K in keyof ViewMetadata]: ViewMetadata[K] } & {
  readonly now: EpochMs
  /** What the updates applied so far have added; -1 means the last of them. */
  readonly added: { schemaId?: number; versionId?: number; readonly versionIds: Set<number> }
}

const EMPTY: ViewMetadata = {
  viewUuid: '',
  location: '',
  currentVersionId: 0,
  versions: [],
  versionLog: [],
  schemas: [],
  properties: {},
}

const FIELDS = Object.keys(EMPTY) as readonly (keyof ViewMetadata)[]

type UpdateOf<Action extends ViewUpdate['action']> = Extract<ViewUpdate, { action: Action }>

const APPLY: { readonly [Action in ViewUpdate['action']]: (draft: Draft, update: UpdateOf<Action>) => void } = {
  'assign-uuid': (draft, { uuid }) => assignUuid(draft, uuid),
  'upgrade-format-version': () => {},
  'add-schema': (draft, { schema }) => addSchema(draft, schema),
  'set-location': (draft, { location }) => setLocation(draft, location),
  'set-properties': (draft, { updates }) => setProperties(draft, updates),
  'remove-properties': (draft, { removals }) => removeProperties(draft, removals),
  'add-view-version': (draft, { viewVersion }) => addVersion(draft, viewVersion),
  'set-current-view-version': (draft, { viewVersionId }) => setCurrentVersion(draft, viewVersionId),
}

function applyUpdate(draft: Draft, update: ViewUpdate): void {
  // TypeScript does not see that the update is of the action by which its function was found.
  const apply = APPLY[update.action] as (draft: Draft, update: ViewUpdate) => void
  apply(draft, update)
}

function setLocation(draft: Draft, location: string): void {
  if (location === '') invalid('cannot set an empty location')
  draft.location = stripTrailingSlash(location)
}

function setProperties(draft: Draft, updates: ViewMetadata['properties']): void {
  const { properties } = draft
  const isNew = ([key, value]: [string, string]) => !Object.hasOwn(properties, key) || properties[key] !== value
  if (Object.entries(updates).some(isNew)) draft.properties = { ...properties, ...updates }
}

function removeProperties(draft: Draft, removals: readonly string[]): void {
  const removed = new Set(removals)
  const kept = Object.entries(draft.properties).filter(([key]) => !removed.has(key))
  if (kept.length < Object.keys(draft.properties).length) draft.properties = Object.fromEntries(kept)
}

function assignUuid(draft: Draft, uuid: string): void {
  if (draft.viewUuid !== '' && draft.viewUuid.toLowerCase() !== uuid.toLowerCase()) {
    invalid(`cannot assign uuid ${uuid}: the view is ${draft.viewUuid}`)
  }
  if (draft.viewUuid === '') draft.viewUuid = uuid
}

/** Under the next free id, or as the equal one the view has. */
function addSchema(draft: Draft, schema: Schema): void {
  checkSchema(schema, LATEST_TYPES)
  const known = draft.schemas.find((candidate) => isSameSchema(candidate, schema))
  const schemaId =
    known?.schemaId ??
    nextId(
      draft.schemas.map((each) => each.schemaId),
      0,
    )
  draft.added.schemaId = schemaId
  if (known === undefined) draft.schemas = [...draft.schemas, { ...schema, schemaId }]
}

// Views have the types of the newest version of tables.
const LATEST_TYPES = 3

function addVersion(draft: Draft, version: ViewVersion): void {
  const schemaId = version.schemaId === -1 ? draft.added.schemaId : version.schemaId
  if (schemaId === undefined) invalid('Cannot set last added schema: no schema has been added')
  if (!draft.schemas.some((schema) => schema.schemaId === schemaId)) {
    invalid(`Cannot add version with unknown schema: ${schemaId}`)
  }
  checkRepresentations(version)
  const content = contentOf({ ...version, schemaId })
  const known = draft.versions.find((each) => contentOf(each) === content)
  const versionId =
    known?.versionId ??
    nextId(
      draft.versions.map((each) => each.versionId),
      version.versionId,
    )
  draft.added.versionId = versionId
  if (known !== undefined) return
  draft.added.versionIds.add(versionId)
  draft.versions = [...draft.versions, { ...version, schemaId, versionId }]
}

function checkRepresentations({ representations }: ViewVersion): void {
  if (representations.length === 0) invalid('Invalid view version: it has no representation')
  const dialects = new Set<string>()
  for (const each of representations) {
    if (each.type === 'unknown') continue
    const dialect = each.dialect.toLowerCase()
    if (dialects.has(dialect)) {
      invalid(`Invalid view version: Cannot add multiple queries for dialect ${dialect}`)
    }
    dialects.add(dialect)
  }
}

/** All of a version but its id and time, as text to be compared. */
function contentOf({ summary, ...version }: ViewVersion): string {
  const { 'version-id': _, 'timestamp-ms': __, summary: ___, ...content } = encodeViewVersion({ ...version, summary })
  return formatExactJson([content, Object.entries(summary).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function setCurrentVersion(draft: Draft, requested: number): void {
  const versionId = requested === -1 ? draft.added.versionId : requested
  if (versionId === undefined) invalid('Cannot set last version id: no version has been added')
  const version = findViewVersion(draft.versions, versionId)
  if (version === undefined) invalid(`Cannot set current version to unknown version: ${versionId}`)
  if (draft.currentVersionId === versionId && draft.versionLog.length > 0) return
  draft.currentVersionId = versionId
  const timestampMs = draft.added.versionIds.has(versionId) ? version.timestampMs : draft.now
  draft.versionLog = [...draft.versionLog, { timestampMs, versionId }]
}

/** An engine whose dialect is gone could no longer read the view. */
function checkDialects(base: ViewMetadata, current: ViewVersion, { properties }: ViewMetadata): void {
  const previous = findViewVersion(base.versions, base.currentVersionId)
  if (previous === undefined || mayDropDialects(properties)) return
  const before = dialectsOf(previous)
  const after = dialectsOf(current)
  if ([...before].every((dialect) => after.has(dialect))) return
  invalid(
    `Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false):\nPrevious dialects: ${[...before].join(', ')}\nNew dialects: ${[...after].join(', ')}`,
  )
}

function dialectsOf({ representations }: ViewVersion): ReadonlySet<string> {
  return new Set(representations.flatMap((each) => (each.type === 'sql' ? [each.dialect.toLowerCase()] : [])))
}

/** The current version and the newest of the others; the log goes back as far as its versions are there. */
function withoutOldVersions(metadata: ViewMetadata, most: number): ViewMetadata {
  const { versions, currentVersionId, versionLog } = metadata
  if (versions.length <= most) return metadata
  const newest = versions
    .map(({ versionId }) => versionId)
    .filter((versionId) => versionId !== currentVersionId)
    .sort((a, b) => b - a)
  const kept = new Set([currentVersionId, ...newest.slice(0, most - 1)])
  const lastGone = versionLog.findLastIndex(({ versionId }) => !kept.has(versionId))
  return {
    ...metadata,
    versions: versions.filter(({ versionId }) => kept.has(versionId)),
    versionLog: versionLog.slice(lastGone + 1),
  }
}
