import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { decodeSchema } from '@moraine/iceberg/schema/schema-json'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import type { SchemaNode } from '@moraine/parquet/footer/schema-tree'
import { MoraineError } from '@moraine/stdx/error'
import { parseExactJson } from '@moraine/stdx/exact-json'

/**
 * Compares a footer's columns with the Iceberg schema that Iceberg's own writers put beside them. A footer has no
 * checksum, and a flipped bit in a field id makes a column of nulls out of one with values.
 *
 * @throws {MoraineError} `corrupt` if a column of the schema is not in the file
 */
export function checkSchemaWitness(footer: ParquetFooter): void {
  const stored = footer.metadata.keyValues?.find(({ key }) => key === 'iceberg.schema')?.value
  const witness = stored === undefined ? undefined : parseWitness(stored)
  if (witness === undefined) return
  const ids = new Set(fieldIds(footer.schema))
  for (const { field, fullName } of witness.fieldsById.values()) {
    if (ids.has(field.id) || field.type.kind === 'unknown') continue
    throw new MoraineError(
      'corrupt',
      `${footer.file.name} is damaged: its footer has no field id ${field.id}, though it was written with a column ${fullName} of that id. Restore the file, or remove it from the table`,
    )
  }
}

// A witness that cannot be read says nothing; it may be the place of the damage.
function parseWitness(json: string): ReturnType<typeof indexSchema> | undefined {
  try {
    const document = 'iceberg.schema'
    return indexSchema(decodeSchema(parseExactJson(json, document), { document, kind: 'corrupt' }))
  } catch {
    return undefined
  }
}

function fieldIds(node: SchemaNode): readonly number[] {
  const own = node.element.fieldId
  return [...(own === undefined ? [] : [own]), ...node.children.flatMap(fieldIds)]
}
