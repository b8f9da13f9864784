import type { Schema } from '../schema/schema.ts'
import type { ViewVersion } from './view-metadata.ts'

/** One change of view metadata, as in the REST catalog's `ViewUpdate`; `action` keeps the protocol's words. */
export type ViewUpdate =
  | { readonly action: 'assign-uuid'; readonly uuid: string }
  | { readonly action: 'upgrade-format-version'; readonly formatVersion: 1 }
  | { readonly action: 'add-schema'; readonly schema: Schema }
  | { readonly action: 'set-location'; readonly location: string }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] }
  /** A schema id of -1 is the schema added last in the same list of updates. */
  | { readonly action: 'add-view-version'; readonly viewVersion: ViewVersion }
  /** -1 is the version added last in the same list of updates. */
  | { readonly action: 'set-current-view-version'; readonly viewVersionId: number }

/** A condition on the current metadata under which a commit may be applied, as in the REST catalog's `ViewRequirement`. */
export type ViewRequirement = { readonly type: 'assert-view-uuid'; readonly uuid: string }
