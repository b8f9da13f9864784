import type { JsonObject } from '@moraine/stdx/exact-json'
import { failAt, inside, int32, type JsonDecoder, record, required, text } from '@moraine/stdx/exact-json-decode'
import { decodeTableUpdate, encodeTableUpdate } from '../metadata/table-update-json.ts'
import { decodeSchema, encodeSchema } from '../schema/schema-json.ts'
import { decodeViewVersion, encodeViewVersion, viewFormatVersion } from './view-metadata-json.ts'
import type { ViewRequirement, ViewUpdate } from './view-update.ts'

// View updates and requirements on the wire (REST catalog OpenAPI, `ViewUpdate` and `ViewRequirement`).

export const decodeViewUpdate: JsonDecoder<ViewUpdate> = (value, place) => {
  const json = record(value, place)
  const action = required(json, 'action', text).toLowerCase()
  if (action === 'upgrade-format-version') {
    return { action, formatVersion: required(json, 'format-version', viewFormatVersion) }
  }
  if (action === 'add-schema') return { action, schema: required(json, 'schema', decodeSchema) }
  if (action === 'add-view-version') return { action, viewVersion: required(json, 'view-version', decodeViewVersion) }
  if (action === 'set-current-view-version') {
    return { action, viewVersionId: required(json, 'view-version-id', int32) }
  }
  if (!isShared(action)) failAt(inside(place, 'action'), `is ${action}, which is no update of a view`)
  // Those that tables have as well are the same on the wire.
  const update = decodeTableUpdate(value, place)
  return isSharedUpdate(update) ? update : failAt(inside(place, 'action'), `is ${action}`)
}

export function encodeViewUpdate(update: ViewUpdate): JsonObject {
  const { action } = update
  if (action === 'upgrade-format-version') return { action, 'format-version': update.formatVersion }
  if (action === 'add-schema') return { action, schema: encodeSchema(update.schema) }
  if (action === 'add-view-version') return { action, 'view-version': encodeViewVersion(update.viewVersion) }
  if (action === 'set-current-view-version') return { action, 'view-version-id': update.viewVersionId }
  return encodeTableUpdate(update)
}

export const decodeViewRequirement: JsonDecoder<ViewRequirement> = (value, place) => {
  const json = record(value, place)
  const type = required(json, 'type', text).toLowerCase()
  if (type !== 'assert-view-uuid') failAt(inside(place, 'type'), `is ${type}, which is no requirement on a view`)
  return { type, uuid: required(json, 'uuid', text) }
}

export function encodeViewRequirement({ type, uuid }: ViewRequirement): JsonObject {
  return { type, uuid }
}

type SharedAction = 'assign-uuid' | 'set-location' | 'set-properties' | 'remove-properties'

function isShared(action: string): action is SharedAction {
  return ['assign-uuid', 'set-location', 'set-properties', 'remove-properties'].includes(action)
}

function isSharedUpdate<Update extends { readonly action: string }>(
  update: Update,
): update is Extract<Update, { action: SharedAction }> {
  return isShared(update.action)
}
