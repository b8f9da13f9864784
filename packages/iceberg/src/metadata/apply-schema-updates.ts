import { checkSchema } from '../schema/check-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { isSameSchema } from '../schema/schema-equality.ts'
import { indexSchema } from '../schema/schema-index.ts'
import { invalid, type MetadataDraft, nextId } from './metadata-draft.ts'

/**
 * Adds the schema under the next free id, or takes the equal one the table has. The highest column id ever given out
 * only rises: the one the client names, which is optional, counts only if it is higher still.
 */
export function addSchema(draft: MetadataDraft, schema: Schema, lastColumnId = 0): void {
  checkSchema(schema, draft.formatVersion)
  draft.lastColumnId = Math.max(draft.lastColumnId, indexSchema(schema).highestFieldId, lastColumnId)
  const known = draft.schemas.find((candidate) => isSameSchema(candidate, schema))
  draft.added.schemaId = known?.schemaId ?? nextSchemaId(draft)
  if (known === undefined) draft.schemas = [...draft.schemas, { ...schema, schemaId: draft.added.schemaId }]
}

export function setCurrentSchema(draft: MetadataDraft, schemaId: number): void {
  const id = schemaId === -1 ? draft.added.schemaId : schemaId
  if (id === undefined) invalid('cannot set the last added schema: no schema has been added')
  if (!draft.schemas.some((schema) => schema.schemaId === id))
    invalid(`cannot set current schema to unknown schema ${id}`)
  draft.currentSchemaId = id
}

export function removeSchemas(draft: MetadataDraft, schemaIds: readonly number[]): void {
  if (schemaIds.includes(draft.currentSchemaId)) invalid(`cannot remove schema ${draft.currentSchemaId}: it is current`)
  const removed = new Set(schemaIds)
  const kept = draft.schemas.filter((schema) => !removed.has(schema.schemaId))
  if (kept.length < draft.schemas.length) draft.schemas = kept
}

function nextSchemaId(draft: MetadataDraft): number {
  return nextId(
    draft.schemas.map((schema) => schema.schemaId),
    0,
  )
}
