import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { deletionVectorBlob, writePuffin } from '@moraine/iceberg/puffin/puffin-writer'
import type { DeleteInput } from '@moraine/maintenance/plan/rewrite-plan'
import type { SchemaElement } from 'hyparquet'
import { deleteFileInput, type RewriteLab } from './rewrite-lab.ts'

export type Position = readonly [path: string, pos: number]

/** A position delete file as other engines write it. */
export function positionDeletes(
  lab: RewriteLab,
  name: string,
  positions: readonly Position[],
  more: Partial<DeleteInput> & { readonly withoutIds?: boolean } = {},
): DeleteInput {
  const { withoutIds = false, ...input } = more
  const id = (fieldId: number) => (withoutIds ? {} : { field_id: fieldId })
  const elements: SchemaElement[] = [
    { name: 'table', num_children: 2 },
    { name: 'file_path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED', ...id(2147483546) },
    { name: 'pos', type: 'INT64', repetition_type: 'REQUIRED', ...id(2147483545) },
  ]
  const path = lab.writeFile(name, elements, {
    file_path: positions.map(([path]) => path),
    pos: positions.map(([, pos]) => BigInt(pos)),
  })
  return deleteFileInput(path, { content: 'position-deletes', ...input })
}

/** The vectors of several data files in one Puffin file, as Spark writes them. */
export function deletionVectors(
  lab: RewriteLab,
  name: string,
  vectors: readonly (readonly [dataFile: string, positions: readonly number[]])[],
): readonly DeleteInput[] {
  const blobs = vectors.map(([referencedDataFile, positions]) =>
    deletionVectorBlob(encodeDeletionVector(positions), { referencedDataFile, cardinality: positions.length }),
  )
  const puffin = writePuffin(blobs, {})
  const path = join(lab.root, 'data', name)
  writeFileSync(path, puffin.bytes)
  return vectors.map(([referencedDataFile, positions], at) =>
    deleteFileInput(path, {
      content: 'position-deletes',
      fileFormat: 'puffin',
      recordCount: positions.length,
      referencedDataFile,
      contentOffset: puffin.blobs[at]?.offset ?? 0,
      contentSizeBytes: puffin.blobs[at]?.length ?? 0,
    }),
  )
}

/** An equality delete file: its columns are the elements given, its keys their rows. */
export function equalityDeletes(
  lab: RewriteLab,
  name: string,
  elements: readonly SchemaElement[],
  columns: Readonly<Record<string, readonly unknown[]>>,
  dataSequenceNumber: number,
  equalityIds: readonly number[],
): DeleteInput {
  const path = lab.writeFile(name, [{ name: 'table', num_children: topLevel(elements) }, ...elements], columns)
  return deleteFileInput(path, { content: 'equality-deletes', dataSequenceNumber, equalityIds })
}

function topLevel(elements: readonly SchemaElement[]): number {
  let count = 0
  for (let at = 0; at < elements.length; at += 1) {
    count += 1
    for (let left = elements[at]?.num_children ?? 0; left > 0; left -= 1) {
      at += 1
      left += elements[at]?.num_children ?? 0
    }
  }
  return count
}
