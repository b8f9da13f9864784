import { LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, ROW_ID_FIELD_ID } from '@moraine/iceberg/schema/reserved-field-ids'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { compareLiterals } from '@moraine/iceberg/value/compare'
import { decodeSingleValue } from '@moraine/iceberg/value/single-value'
import type { OutputDataFile } from '../plan/rewrite-result.ts'

const LINEAGE_FIELDS = [
  { id: ROW_ID_FIELD_ID, name: '_row_id' },
  { id: LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, name: '_last_updated_sequence_number' },
]

/** What contradicts itself in the description of a new data file; `undefined` if nothing does. */
export function dataFileFault(file: OutputDataFile, schema: Schema, needsLineage: boolean): string | undefined {
  if (file.recordCount <= 0) return 'it has no rows'
  if (file.fileSizeBytes <= 0) return 'it has no bytes'
  for (const field of schema.fields) {
    const fault = countFault(file, field) ?? boundsFault(file, field)
    if (fault !== undefined) return `column ${field.name}: ${fault}`
  }
  for (const { id, name } of needsLineage ? LINEAGE_FIELDS : []) {
    const values = file.metrics.valueCounts.get(id)
    const nulls = file.metrics.nullValueCounts.get(id)
    if (values !== file.recordCount || nulls !== 0)
      return `row lineage column ${name} has ${values ?? 0} values and ${nulls ?? 'unknown'} nulls`
  }
  return undefined
}

function countFault(file: OutputDataFile, field: NestedField): string | undefined {
  if (!isPrimitive(field.type)) return undefined
  const values = file.metrics.valueCounts.get(field.id)
  const nulls = file.metrics.nullValueCounts.get(field.id) ?? 0
  if (values !== undefined && values !== file.recordCount) return `${values} values in ${file.recordCount} rows`
  if (nulls > file.recordCount) return `${nulls} nulls in ${file.recordCount} rows`
  return field.required && nulls > 0 ? `${nulls} nulls in a required column` : undefined
}

function boundsFault(file: OutputDataFile, field: NestedField): string | undefined {
  const lower = file.metrics.lowerBounds.get(field.id)
  const upper = file.metrics.upperBounds.get(field.id)
  if (lower === undefined || upper === undefined || !isPrimitive(field.type)) return undefined
  const order = compareLiterals(field.type, decodeSingleValue(field.type, lower), decodeSingleValue(field.type, upper))
  return order > 0 ? 'its lower bound is above its upper bound' : undefined
}
