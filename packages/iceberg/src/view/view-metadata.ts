import type { EpochMs } from '@moraine/stdx/brand'
import type { JsonObject } from '@moraine/stdx/exact-json'
import type { Schema } from '../schema/schema.ts'

/** The state of a view (view spec, "View Metadata"), format version 1, the only one there is. */
export type ViewMetadata = {
  readonly viewUuid: string
  /** Without a trailing slash. */
  readonly location: string
  readonly currentVersionId: number
  /** In the order in which they were added. */
  readonly versions: readonly ViewVersion[]
  /** Which version became current when, oldest first. */
  readonly versionLog: readonly ViewVersionLogEntry[]
  readonly schemas: readonly Schema[]
  readonly properties: Readonly<Record<string, string>>
}

export type ViewVersion = {
  readonly versionId: number
  readonly schemaId: number
  readonly timestampMs: EpochMs
  readonly summary: Readonly<Record<string, string>>
  readonly representations: readonly ViewRepresentation[]
  /** Where names without a catalog are looked up; absent: in the catalog that holds the view. */
  readonly defaultCatalog?: string
  readonly defaultNamespace: readonly string[]
}

/** The same query in one of several forms; of each SQL dialect a version has at most one. */
export type ViewRepresentation = SqlViewRepresentation | UnknownViewRepresentation

export type SqlViewRepresentation = { readonly type: 'sql'; readonly sql: string; readonly dialect: string }

/** A form that the spec does not know yet, kept as it is. */
export type UnknownViewRepresentation = { readonly type: 'unknown'; readonly json: JsonObject }

export type ViewVersionLogEntry = { readonly timestampMs: EpochMs; readonly versionId: number }

export function findViewVersion(versions: readonly ViewVersion[], versionId: number): ViewVersion | undefined {
  return versions.find((version) => version.versionId === versionId)
}
