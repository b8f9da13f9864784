import type { AddedColumn, AlteredColumn, TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { type IndexedField, indexSchema } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType, parsePrimitiveType } from '@moraine/iceberg/schema/type-text'
import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { namedColumn } from './named-column.ts'
import { type NextId, parseColumn } from './parse-column.ts'

export type ColumnChanges = Pick<TableChangeBody, 'dropColumns' | 'alterColumns' | 'addColumns' | 'identifierFields'>

/**
 * The schema with its columns dropped, altered, added and moved (table spec, "Schema Evolution"). Columns keep their ids;
 * what was dropped never comes back under its id.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request, for what rows that are there do not allow
 */
export function changeColumns(base: Schema, changes: ColumnChanges, nextId: NextId, at: JsonPlace): Schema {
  const plan = planColumns(base, changes, nextId, at)
  const fields = rebuildFields(base.fields, ROOT, plan)
  if (fields.length === 0) failAt(inside(at, 'dropColumns'), 'would leave the table without columns')
  const schema = { ...base, fields }
  if (changes.identifierFields === undefined) {
    checkIdentifiers(base, schema, at)
    return schema
  }
  const place = inside(at, 'identifierFields')
  const ids = changes.identifierFields.map((name, index) => namedColumn(schema, name, inside(place, index)).field.id)
  return { ...schema, identifierFieldIds: ids }
}

/** Stands for the id of the struct that the table is. */
const ROOT = 0

type Move = { readonly name: string; readonly after?: string; readonly at: JsonPlace }
type Alteration = Omit<AlteredColumn, 'name' | 'type'> & { readonly type?: PrimitiveType }

/** Everything by ids; those of structs are the ids of the columns that they are the type of. */
type ColumnPlan = {
  readonly dropped: ReadonlySet<number>
  readonly altered: ReadonlyMap<number, Alteration>
  readonly added: ReadonlyMap<number, readonly NestedField[]>
  readonly moves: ReadonlyMap<number, readonly Move[]>
  readonly at: JsonPlace
}

function planColumns(base: Schema, changes: ColumnChanges, nextId: NextId, at: JsonPlace): ColumnPlan {
  const dropped = new Set<number>()
  const altered = new Map<number, Alteration>()
  const added = new Map<number, NestedField[]>()
  const moves = new Map<number, Move[]>()
  const move = (
    struct: number,
    { first, after }: Pick<AddedColumn, 'first' | 'after'>,
    name: string,
    place: JsonPlace,
  ) => {
    if (first === true && after !== undefined) failAt(place, 'is to be both first and after another column')
    if (first !== true && after === undefined) return
    append(moves, struct, { name, at: place, ...(after !== undefined && { after }) })
  }
  for (const [index, name] of (changes.dropColumns ?? []).entries()) {
    const place = inside(inside(at, 'dropColumns'), index)
    const column = namedColumn(base, name, place)
    checkHasOwnName(column, 'dropped', place)
    dropped.add(column.field.id)
  }
  for (const [index, change] of (changes.alterColumns ?? []).entries()) {
    const place = inside(inside(at, 'alterColumns'), index)
    const column = namedColumn(base, change.name, inside(place, 'name'))
    const { id } = column.field
    if (altered.has(id)) failAt(place, `alters ${change.name} a second time`)
    if (isDropped(column, dropped)) failAt(place, `alters ${change.name}, which is dropped as well`)
    altered.set(id, alterationOf(column, change, place))
    move(structOf(column), change, change.newName ?? column.field.name, place)
  }
  for (const [index, column] of (changes.addColumns ?? []).entries()) {
    const place = inside(inside(at, 'addColumns'), index)
    const parent = column.parent === undefined ? undefined : namedColumn(base, column.parent, inside(place, 'parent'))
    if (parent !== undefined && isDropped(parent, dropped))
      failAt(place, `is added to ${column.parent}, which is dropped`)
    const struct = parent === undefined ? ROOT : structIn(parent, inside(place, 'parent'))
    if (column.required === true) {
      failAt(inside(place, 'required'), 'is true: rows that are there have no value for a new column; make it optional')
    }
    append(added, struct, parseColumn(column, place, nextId))
    move(struct, column, column.name, place)
  }
  return { dropped, altered, added, moves, at }
}

/** The struct that a column stands in. */
function structOf({ parent }: IndexedField): number {
  return parent?.field.id ?? ROOT
}

/** The struct that columns are added to under the name of a column: its own, or that of its elements or values. */
function structIn({ field, fullName }: IndexedField, at: JsonPlace): number {
  if (field.type.kind === 'struct') return field.id
  if (field.type.kind === 'list' && field.type.element.kind === 'struct') return field.type.elementId
  if (field.type.kind === 'map' && field.type.value.kind === 'struct') return field.type.valueId
  return failAt(at, `is ${fullName}, which has no struct to add a column to`)
}

function isDropped(column: IndexedField | undefined, dropped: ReadonlySet<number>): boolean {
  return column !== undefined && (dropped.has(column.field.id) || isDropped(column.parent, dropped))
}

function checkHasOwnName({ parent, fullName }: IndexedField, done: string, at: JsonPlace): void {
  if (parent !== undefined && parent.field.type.kind !== 'struct') {
    failAt(at, `is ${fullName}, which is a part of a ${parent.field.type.kind} and cannot be ${done}`)
  }
}

function alterationOf(column: IndexedField, { name: _, type, ...change }: AlteredColumn, at: JsonPlace): Alteration {
  const { field, fullName, parent } = column
  if (isInMapKey(column)) failAt(inside(at, 'name'), `is ${fullName}: keys of maps cannot change`)
  if (change.newName !== undefined || change.first === true || change.after !== undefined) {
    checkHasOwnName(column, 'renamed or moved', at)
  }
  if (change.comment !== undefined && parent !== undefined && parent.field.type.kind !== 'struct') {
    failAt(inside(at, 'comment'), `is for ${fullName}, and parts of lists and maps have none`)
  }
  if (change.required === true && !field.required) {
    failAt(inside(at, 'required'), `is true, but ${fullName} is optional: rows that are there may have nulls`)
  }
  return { ...change, ...(type !== undefined && { type: promotedType(column, type, inside(at, 'type')) }) }
}

function isInMapKey({ field, parent }: IndexedField): boolean {
  if (parent === undefined) return false
  return (parent.field.type.kind === 'map' && parent.field.type.keyId === field.id) || isInMapKey(parent)
}

function promotedType({ field, fullName }: IndexedField, text: string, at: JsonPlace): PrimitiveType {
  const wanted = parsePrimitiveType(text.trim()) ?? failAt(at, `'${text}' is no primitive type of Iceberg`)
  if (!isPrimitive(field.type))
    return failAt(at, `is for ${fullName}, which is a ${field.type.kind}; change its columns`)
  if (canPromote(field.type, wanted)) return wanted
  const promotions = 'int to long, float to double, and a decimal to more digits of the same scale'
  return failAt(
    at,
    `cannot make ${fullName} of type ${formatPrimitiveType(field.type)} ${text}; possible are ${promotions}`,
  )
}

/** What the reference implementation allows, of the table spec's "Valid type promotions". */
function canPromote(from: PrimitiveType, to: PrimitiveType): boolean {
  if (formatPrimitiveType(from) === formatPrimitiveType(to)) return true
  if (from.kind === 'decimal') return to.kind === 'decimal' && to.scale === from.scale && to.precision >= from.precision
  return (from.kind === 'int' && to.kind === 'long') || (from.kind === 'float' && to.kind === 'double')
}

function rebuildFields(fields: readonly NestedField[], struct: number, plan: ColumnPlan): readonly NestedField[] {
  const kept = fields.filter(({ id }) => !plan.dropped.has(id)).map((field) => rebuildField(field, plan))
  const all = [...kept, ...(plan.added.get(struct) ?? [])]
  const names = new Set<string>()
  for (const { name } of all) {
    if (names.has(name)) failAt(plan.at, `would make two columns ${name} in one struct`)
    names.add(name)
  }
  return (plan.moves.get(struct) ?? []).reduce(moveField, all)
}

function rebuildField(field: NestedField, plan: ColumnPlan): NestedField {
  const {
    newName = field.name,
    type,
    required = field.required,
    comment = field.doc,
  } = plan.altered.get(field.id) ?? {}
  const { doc: _, ...rest } = field
  return {
    ...rest,
    name: newName,
    required,
    type: type ?? rebuildType(field, plan),
    ...(comment !== undefined && comment !== '' && { doc: comment }),
  }
}

function rebuildType({ id, name, type }: Pick<NestedField, 'id' | 'name' | 'type'>, plan: ColumnPlan): IcebergType {
  if (isPrimitive(type)) return type
  if (type.kind === 'struct') {
    const fields = rebuildFields(type.fields, id, plan)
    if (fields.length === 0) failAt(inside(plan.at, 'dropColumns'), `would leave the struct ${name} without columns`)
    return { kind: 'struct', fields }
  }
  if (type.kind === 'list') {
    const element = rebuildField({ id: type.elementId, name, required: type.elementRequired, type: type.element }, plan)
    return { ...type, elementRequired: element.required, element: element.type }
  }
  const value = rebuildField({ id: type.valueId, name, required: type.valueRequired, type: type.value }, plan)
  return { ...type, valueRequired: value.required, value: value.type }
}

function moveField(fields: readonly NestedField[], { name, after, at }: Move): readonly NestedField[] {
  const moved = fields.filter((field) => field.name === name)
  const others = fields.filter((field) => field.name !== name)
  if (after === undefined) return [...moved, ...others]
  const anchor = others.findIndex((field) => field.name === after)
  if (anchor < 0) failAt(inside(at, 'after'), `names ${after}, which is no other column of the same struct`)
  return others.toSpliced(anchor + 1, 0, ...moved)
}

function checkIdentifiers(base: Schema, changed: Schema, at: JsonPlace): void {
  const { fieldsById } = indexSchema(changed, 'invalid-input')
  const lost = base.identifierFieldIds.find((id) => !fieldsById.has(id))
  if (lost === undefined) return
  const name = indexSchema(base).fieldsById.get(lost)?.fullName
  failAt(inside(at, 'dropColumns'), `drops ${name}, which identifies rows; give other identifierFields as well`)
}

function append<Item>(map: Map<number, Item[]>, key: number, item: Item): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}
