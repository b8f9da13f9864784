import type { TableFileBody } from '@moraine/api/rest/inspection-schemas'
import type { ListedFile } from '@moraine/management/table-work/table-inspection'
import { amoroSize } from './amoro-size.ts'

/** A file as Amoro lists it. */
export function fileBody({ path, content, change, ...file }: ListedFile): TableFileBody {
  return {
    commitId: file.snapshotId.toString(),
    fileType: FILE_TYPES[content],
    commitTime: file.committedAtMs ?? null,
    size: amoroSize(file.sizeBytes),
    partition: file.partitionPath,
    specId: file.specId,
    path,
    file: path.slice(path.lastIndexOf('/') + 1),
    fileSize: file.sizeBytes,
    records: file.records,
    operation: change === undefined ? null : CHANGES[change],
  }
}

const FILE_TYPES = {
  data: 'BASE_FILE',
  'position-deletes': 'POS_DELETE_FILE',
  'equality-deletes': 'EQ_DELETE_FILE',
} as const
const CHANGES = { added: 'add', removed: 'remove' } as const
