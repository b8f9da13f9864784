import { open } from 'node:fs/promises'
import { type ElementEdit, editSchema } from '@moraine/parquet/footer/edit-footer'
import type { LogicalType } from '@moraine/parquet/footer/logical-type'
import { encodeFooter, type ParquetFooter, readFooter } from '@moraine/parquet/footer/parquet-footer'
import { localError } from '@moraine/storage/local-error'
import type { FooterAnnotation, FooterEdit } from '../read-plan/staging-edits.ts'
import { withLocalReader } from './local-reader.ts'

/**
 * Edits the footer of a local file that is the task's own; the pages stay as they are.
 *
 * @returns the footer as the file then has it, read back from it
 */
export async function editFooterInPlace(
  path: string,
  name: string,
  edits: readonly FooterEdit[],
): Promise<ParquetFooter> {
  const footer = await withLocalReader(path, (reader) => readFooter(reader, name))
  const byIndex = new Map(edits.map((edit) => [edit.index, edit]))
  const edited = editSchema(footer, (node) => {
    const edit = byIndex.get(node.index)
    return edit === undefined ? undefined : elementEdit(edit)
  })
  await writeTail(path, footer.file.metadataOffset, encodeFooter(edited.tree))
  return withLocalReader(path, (reader) => readFooter(reader, name))
}

function elementEdit({ rename, annotation }: FooterEdit): ElementEdit {
  return {
    ...(rename !== undefined && { name: rename }),
    ...(annotation !== undefined && { annotation: ANNOTATIONS[annotation] }),
  }
}

const ANNOTATIONS: Record<FooterAnnotation, LogicalType | null> = {
  none: null,
  uuid: { kind: 'uuid' },
  'timestamptz-nanos': { kind: 'timestamp', isAdjustedToUtc: true, unit: 'nanos' },
}

async function writeTail(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'r+')
    try {
      await file.truncate(offset)
      await file.write(bytes, 0, bytes.length, offset)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw localError(cause, `writing the footer of ${path}`)
  }
}
