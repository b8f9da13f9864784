import { mapBounded } from '@moraine/stdx/bounded'
import type { FileIO } from '@moraine/storage/file-io'
import type { OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'

/** What a file itself contradicts of what was reported of it. */
export type StoredFault = { readonly kind: 'not-found'; readonly reason: string }

type ReportedFile = OutputDataFile | OutputDeleteFile

/** The outputs as they lie in the store. */
export class StoredOutputs {
  readonly #io: FileIO

  constructor(io: FileIO) {
    this.#io = io
  }

  /** By group, the first fault: a file that is not there, or of another size. */
  async findFaults(results: readonly RewriteResult[], signal?: AbortSignal): Promise<ReadonlyMap<number, StoredFault>> {
    const files = results.flatMap(({ groupId, dataFiles, deleteFiles }) =>
      // Several vectors share a file.
      [...Map.groupBy<string, ReportedFile>([...dataFiles, ...deleteFiles], (file) => file.filePath)].map(
        ([filePath, reports]) => ({ groupId, filePath, reports }),
      ),
    )
    const found = await mapBounded(
      files,
      FILES_AT_A_TIME,
      ({ filePath, reports }, inner) => this.#findFault(filePath, reports, inner),
      signal,
    )
    const faults = new Map<number, StoredFault>()
    for (const [at, { groupId }] of files.entries()) {
      const fault = found[at]
      if (fault !== undefined && !faults.has(groupId)) faults.set(groupId, fault)
    }
    return faults
  }

  async #findFault(
    filePath: string,
    reports: readonly ReportedFile[],
    signal: AbortSignal,
  ): Promise<StoredFault | undefined> {
    const stored = await this.#io.stat(filePath, signal)
    if (stored === undefined) return { kind: 'not-found', reason: `output ${filePath} is not there` }
    const { sizeBytes } = stored
    const other = reports.find(({ fileSizeBytes }) => fileSizeBytes !== sizeBytes)
    if (other !== undefined) {
      return { kind: 'not-found', reason: `output ${filePath} has ${sizeBytes} bytes, not ${other.fileSizeBytes}` }
    }
    return undefined
  }
}

// As many as an object store answers at once without complaint.
const FILES_AT_A_TIME = 16
