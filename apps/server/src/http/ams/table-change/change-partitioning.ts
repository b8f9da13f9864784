import type { PartitionFieldText, TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import type { PartitionSpec, UnboundPartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { formatTransform, isSameTransform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { parseTerm, type Term, termOf } from './parse-term.ts'

export type PartitionChanges = Pick<TableChangeBody, 'dropPartitionFields' | 'addPartitionFields'>
type Field = UnboundPartitionSpec['fields'][number]

/**
 * The spec that new files are to be written with (table spec, "Partition Evolution"). In version 1 a field that is
 * dropped stays as `void`, since the ids of fields follow from their places there.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request
 */
export function changePartitioning(
  { fields }: PartitionSpec,
  changes: PartitionChanges,
  { schema, formatVersion }: { readonly schema: Schema; readonly formatVersion: number },
  at: JsonPlace,
): UnboundPartitionSpec {
  const dropped = new Set<string>()
  for (const [index, name] of (changes.dropPartitionFields ?? []).entries()) {
    const isThere = fields.some((field) => field.name === name && field.transform.kind !== 'void')
    if (!isThere) failAt(inside(inside(at, 'dropPartitionFields'), index), `names ${name}, which is no partition field`)
    dropped.add(name)
  }
  const added = parsePartitionFields(changes.addPartitionFields ?? [], schema, inside(at, 'addPartitionFields'))
  const kept = fields.filter(({ name }) => !dropped.has(name))
  checkNew(added, kept, inside(at, 'addPartitionFields'))
  if (formatVersion > 1) return { fields: [...kept, ...added] }
  const taken = new Set(added.map(({ name }) => name))
  const left = fields.map((field): Field => {
    if (!dropped.has(field.name)) return field
    const name = taken.has(field.name) ? `${field.name}_${field.fieldId}` : field.name
    return { ...field, name, transform: { kind: 'void' } }
  })
  return { fields: [...left, ...added] }
}

export function parsePartitionFields(
  fields: readonly PartitionFieldText[],
  schema: Schema,
  at: JsonPlace,
): readonly Field[] {
  return fields.map((field, index) => {
    const place = inside(at, index)
    const term =
      typeof field === 'string'
        ? parseTerm(field, schema, place)
        : termOf(field.source, field.transform ?? 'identity', schema, place)
    const name = typeof field === 'string' ? undefined : field.name
    return { name: name ?? defaultName(term), sourceIds: [term.sourceId], transform: term.transform }
  })
}

function checkNew(added: readonly Field[], kept: readonly Field[], at: JsonPlace): void {
  for (const [index, field] of added.entries()) {
    const others = [...kept, ...added.slice(0, index)].filter(({ transform }) => transform.kind !== 'void')
    const same = others.find(
      ({ sourceIds, transform }) => sourceIds[0] === field.sourceIds[0] && isSameTransform(transform, field.transform),
    )
    if (same !== undefined) failAt(inside(at, index), `is what the partition field ${same.name} is already`)
    if (others.some(({ name }) => name === field.name)) {
      failAt(inside(at, index), `would be called ${field.name} like another field; give it a name`)
    }
  }
}

/** As the reference implementation calls them in new tables. */
function defaultName({ sourceName, transform }: Term): string {
  if (transform.kind === 'identity') return sourceName
  if (transform.kind === 'truncate') return `${sourceName}_trunc`
  return `${sourceName}_${formatTransform(transform).replace(/\[.*$/, '')}`
}
