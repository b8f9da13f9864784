import { decodeSchema, encodeSchema } from '@moraine/iceberg/schema/schema-json'
import { decodeViewMetadata, decodeViewVersion, encodeViewVersion } from '@moraine/iceberg/view/view-metadata-json'
import {
  decodeViewRequirement,
  decodeViewUpdate,
  encodeViewRequirement,
  encodeViewUpdate,
} from '@moraine/iceberg/view/view-update-json'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { CreateView, LoadedView, ViewCommit } from '../catalog-views.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { encodeIdentifier } from './rest-json.ts'

// The bodies of the protocol's requests on views, for client and server alike.

export type CreateViewBody = { readonly name: string; readonly view: CreateView }

/** CreateViewRequest. */
export const decodeCreateView: JsonDecoder<CreateViewBody> = (value, place) => {
  const json = record(value, place)
  const view = dropUndefined<CreateView>({
    schema: required(json, 'schema', decodeSchema),
    version: required(json, 'view-version', decodeViewVersion),
    location: optional(json, 'location', text),
    properties: optional(json, 'properties', mapOf(text)),
  })
  return { name: required(json, 'name', text), view }
}

export function encodeCreateView({ name, view }: CreateViewBody): JsonObject {
  return {
    name,
    location: view.location,
    schema: encodeSchema(view.schema),
    'view-version': encodeViewVersion(view.version),
    properties: view.properties ?? {},
  }
}

/** CommitViewRequest; the identifier in it repeats the path. One of more updates than any client needs is refused. */
export const decodeViewCommit: JsonDecoder<ViewCommit> = (value, place) => {
  const json = record(value, place)
  const updates = required(json, 'updates', listOf(decodeViewUpdate))
  if (updates.length > UPDATES_MAX) {
    failAt(inside(place, 'updates'), `has ${updates.length}, more than ${UPDATES_MAX}; make several commits`)
  }
  return { requirements: optional(json, 'requirements', listOf(decodeViewRequirement)) ?? [], updates }
}

/** Each is held against all that the view has of its kind, while everybody else waits. Clients send a handful. */
const UPDATES_MAX = 100

export function encodeViewCommit(identifier: TableIdentifier, { requirements, updates }: ViewCommit): JsonObject {
  return {
    identifier: encodeIdentifier(identifier),
    requirements: requirements.map(encodeViewRequirement),
    updates: updates.map(encodeViewUpdate),
  }
}

/** LoadViewResult. */
export function decodeLoadedView(identifier: TableIdentifier): JsonDecoder<LoadedView> {
  return (value, place) => {
    const json = record(value, place)
    return {
      identifier,
      metadata: required(json, 'metadata', decodeViewMetadata),
      metadataLocation: required(json, 'metadata-location', text),
    }
  }
}
