import type { ClassifiedFile } from './classify-file.ts'

/** Why the executor cannot work on a file; such a file is shown and left alone. `undefined` if it can. */
export function unreadableReason(
  file: ClassifiedFile,
): { readonly reason: 'unsupported-format' | 'encrypted'; readonly detail: string } | undefined {
  const data = file.task.data.file
  if (data.fileFormat !== 'parquet') {
    return {
      reason: 'unsupported-format',
      detail: `data files in ${data.fileFormat} are not rewritten, for example ${data.filePath}`,
    }
  }
  if (data.keyMetadata !== undefined) return { reason: 'encrypted', detail: `${data.filePath} is encrypted` }
  for (const { file: deleteFile } of file.deletes.effective) {
    if (deleteFile.fileFormat !== 'parquet' && deleteFile.fileFormat !== 'puffin') {
      return {
        reason: 'unsupported-format',
        detail: `delete files in ${deleteFile.fileFormat} are not read, for example ${deleteFile.filePath}`,
      }
    }
    if (deleteFile.keyMetadata !== undefined)
      return { reason: 'encrypted', detail: `${deleteFile.filePath} is encrypted` }
  }
  return undefined
}
