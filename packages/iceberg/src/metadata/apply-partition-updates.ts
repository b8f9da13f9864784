import { findSpecProblem } from '../partition/check-partition-spec.ts'
import type { PartitionField, PartitionSpec, UnboundPartitionSpec } from '../partition/partition-spec.ts'
import { FIRST_PARTITION_FIELD_ID } from '../partition/partition-spec-json.ts'
import { isSameTransform } from '../partition/transform.ts'
import { currentSchema, invalid, type MetadataDraft, nextId } from './metadata-draft.ts'

type UnboundField = UnboundPartitionSpec['fields'][number]

/** Adds the spec under the next free id, or takes the equivalent one the table has. */
export function addPartitionSpec(draft: MetadataDraft, unbound: UnboundPartitionSpec): void {
  const known = draft.partitionSpecs.find((spec) => isCompatible(spec, unbound))
  if (known !== undefined) {
    draft.added.specId = known.specId
    return
  }
  const specIds = draft.partitionSpecs.map((spec) => spec.specId)
  const spec: PartitionSpec = { specId: nextId(specIds, 0), fields: assignFieldIds(draft, unbound.fields) }
  const problem = findSpecProblem(spec, currentSchema(draft))
  if (problem !== undefined) invalid(`invalid partition spec: ${problem}`)
  draft.partitionSpecs = [...draft.partitionSpecs, spec]
  draft.lastPartitionId = spec.fields.reduce((last, field) => Math.max(last, field.fieldId), draft.lastPartitionId)
  draft.added.specId = spec.specId
}

export function setDefaultSpec(draft: MetadataDraft, specId: number): void {
  const id = specId === -1 ? draft.added.specId : specId
  if (id === undefined) invalid('cannot set the last added partition spec: no spec has been added')
  if (!draft.partitionSpecs.some((spec) => spec.specId === id)) {
    invalid(`cannot set default partition spec to unknown spec ${id}`)
  }
  draft.defaultSpecId = id
}

export function removePartitionSpecs(draft: MetadataDraft, specIds: readonly number[]): void {
  if (specIds.includes(draft.defaultSpecId)) {
    invalid(`cannot remove partition spec ${draft.defaultSpecId}: it is the default`)
  }
  const removed = new Set(specIds)
  const kept = draft.partitionSpecs.filter((spec) => !removed.has(spec.specId))
  if (kept.length < draft.partitionSpecs.length) draft.partitionSpecs = kept
}

// Table spec, "Partitioning": same source columns, transforms and names in the same order; field ids do not count.
function isCompatible(spec: PartitionSpec, other: UnboundPartitionSpec): boolean {
  return (
    spec.fields.length === other.fields.length &&
    spec.fields.every((field, at) => {
      const match = other.fields[at]
      return match !== undefined && field.name === match.name && isEquivalent(field, match)
    })
  )
}

function isEquivalent(a: UnboundField, b: UnboundField): boolean {
  return (
    a.sourceIds.length === b.sourceIds.length &&
    a.sourceIds.every((id, at) => id === b.sourceIds[at]) &&
    isSameTransform(a.transform, b.transform)
  )
}

function assignFieldIds(draft: MetadataDraft, fields: readonly UnboundField[]): readonly PartitionField[] {
  const assigned = draft.formatVersion === 1 ? sequentialIds(fields) : trackedIds(draft, fields)
  const seen = new Set<number>()
  for (const { fieldId, name } of assigned) {
    if (seen.has(fieldId)) invalid(`invalid partition spec: field ${name} has the id ${fieldId} of another field`)
    seen.add(fieldId)
  }
  return assigned
}

// Version 1 does not track the ids: they are the field's position counted from 1000.
function sequentialIds(fields: readonly UnboundField[]): readonly PartitionField[] {
  return fields.map((field, at) => {
    const fieldId = FIRST_PARTITION_FIELD_ID + at
    if (field.fieldId !== undefined && field.fieldId !== fieldId) {
      invalid(`invalid partition spec: field ${field.name} has the id ${field.fieldId}, which must be ${fieldId} in v1`)
    }
    return { ...field, fieldId }
  })
}

// An equivalent field of any spec lends its id ("Partition field IDs must be reused"); a new one gets the next.
function trackedIds(draft: MetadataDraft, fields: readonly UnboundField[]): readonly PartitionField[] {
  const known = draft.partitionSpecs.flatMap((spec) => spec.fields)
  let last = Math.max(draft.lastPartitionId, ...fields.map((field) => field.fieldId ?? 0))
  return fields.map((field) => {
    if (field.fieldId !== undefined) {
      checkIdMeansField(known, field, field.fieldId)
      return { ...field, fieldId: field.fieldId }
    }
    const reused = known.findLast((candidate) => isEquivalent(candidate, field))?.fieldId
    last += reused === undefined ? 1 : 0
    return { ...field, fieldId: reused ?? last }
  })
}

// Ids are unique across a table's specs: manifests tell partition values by them. A field that was dropped from a v1
// spec lives on under its id as `void`.
function checkIdMeansField(known: readonly PartitionField[], field: UnboundField, fieldId: number): void {
  const holders = known.filter((candidate) => candidate.fieldId === fieldId)
  const fits = (holder: PartitionField) =>
    isEquivalent(holder, field) || holder.transform.kind === 'void' || field.transform.kind === 'void'
  if (holders.length > 0 && !holders.some(fits)) {
    invalid(`invalid partition spec: field ${field.name} has the id ${fieldId}, which is that of ${holders[0]?.name}`)
  }
}
