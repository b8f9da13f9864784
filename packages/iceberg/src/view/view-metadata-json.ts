import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { decodeMetadataFile, ofMetadataFile } from '../metadata/metadata-file.ts'
import { epochMs } from '../metadata/snapshot-json.ts'
import { stripTrailingSlash } from '../metadata/table-metadata-json.ts'
import { decodeSchema, encodeSchema } from '../schema/schema-json.ts'
import {
  findViewVersion,
  type ViewMetadata,
  type ViewRepresentation,
  type ViewVersion,
  type ViewVersionLogEntry,
} from './view-metadata.ts'

// View metadata in JSON (view spec, "View Metadata" and Appendix A).

/**
 * Reads a metadata file's bytes, gzipped or not, or its text. `location` names it in errors, and as `metadataFile` in the
 * context of those that are `corrupt`.
 *
 * @throws {MoraineError} `unsupported` for format versions above 1, `corrupt` if fields are missing, of the wrong type
 * or contradict each other.
 */
export function parseViewMetadata(file: Uint8Array | string, location: string): ViewMetadata {
  const json = typeof file === 'string' ? file : decodeMetadataFile(file, location)
  return ofMetadataFile(location, () =>
    decodeViewMetadata(parseExactJson(json, location), { document: location, kind: 'corrupt' }),
  )
}

export function formatViewMetadata(metadata: ViewMetadata): string {
  return formatExactJson(encodeViewMetadata(metadata))
}

export const decodeViewMetadata: JsonDecoder<ViewMetadata> = (value, place) => {
  const json = record(value, place)
  required(json, 'format-version', viewFormatVersion)
  const metadata: ViewMetadata = {
    viewUuid: required(json, 'view-uuid', text),
    location: stripTrailingSlash(required(json, 'location', text)),
    currentVersionId: required(json, 'current-version-id', int32),
    versions: required(json, 'versions', listOf(decodeViewVersion)),
    versionLog: required(json, 'version-log', listOf(decodeLogEntry)),
    schemas: required(json, 'schemas', listOf(decodeSchema)),
    properties: optional(json, 'properties', mapOf(text)) ?? {},
  }
  const { currentVersionId, versions, schemas } = metadata
  if (findViewVersion(versions, currentVersionId) === undefined)
    failAt(inside(place, 'current-version-id'), `is ${currentVersionId}, which is none of the versions`)
  for (const [at, { schemaId }] of versions.entries()) {
    if (!schemas.some((schema) => schema.schemaId === schemaId))
      failAt(inside(inside(place, 'versions'), at), `has the schema ${schemaId}, which is none of the schemas`)
  }
  return metadata
}

export function encodeViewMetadata(metadata: ViewMetadata): JsonObject {
  return {
    'view-uuid': metadata.viewUuid,
    'format-version': 1,
    location: metadata.location,
    schemas: metadata.schemas.map(encodeSchema),
    'current-version-id': metadata.currentVersionId,
    versions: metadata.versions.map(encodeViewVersion),
    'version-log': metadata.versionLog.map((entry) => ({
      'timestamp-ms': entry.timestampMs,
      'version-id': entry.versionId,
    })),
    properties: metadata.properties,
  }
}

export const decodeViewVersion: JsonDecoder<ViewVersion> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<ViewVersion>({
    versionId: required(json, 'version-id', int32),
    schemaId: required(json, 'schema-id', int32),
    timestampMs: required(json, 'timestamp-ms', epochMs),
    summary: optional(json, 'summary', mapOf(text)) ?? {},
    representations: required(json, 'representations', listOf(decodeRepresentation)),
    defaultCatalog: optional(json, 'default-catalog', text),
    defaultNamespace: required(json, 'default-namespace', listOf(text)),
  })
}

export function encodeViewVersion(version: ViewVersion): JsonObject {
  return {
    'version-id': version.versionId,
    'timestamp-ms': version.timestampMs,
    'schema-id': version.schemaId,
    summary: version.summary,
    'default-catalog': version.defaultCatalog,
    'default-namespace': version.defaultNamespace,
    representations: version.representations.map((each) => (each.type === 'unknown' ? each.json : { ...each })),
  }
}

/** 1 is the only version. */
export const viewFormatVersion: JsonDecoder<1> = (value, place) => {
  const version = int32(value, place)
  if (version === 1) return 1
  throw new MoraineError('unsupported', `${place.document}: view format version ${version}; version 1 is known`)
}

const decodeRepresentation: JsonDecoder<ViewRepresentation> = (value, place) => {
  const json = record(value, place)
  if (required(json, 'type', text).toLowerCase() !== 'sql') return { type: 'unknown', json: json.object }
  return { type: 'sql', sql: required(json, 'sql', text), dialect: required(json, 'dialect', text) }
}

const decodeLogEntry: JsonDecoder<ViewVersionLogEntry> = (value, place) => {
  const json = record(value, place)
  return { timestampMs: required(json, 'timestamp-ms', epochMs), versionId: required(json, 'version-id', int32) }
}
