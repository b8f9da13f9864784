import type { PuffinFooter } from '@moraine/iceberg/puffin/puffin-footer'
import { loadPuffinFooter } from '@moraine/iceberg/puffin/puffin-reader'
import { readRowCount } from '@moraine/parquet/footer/parquet-footer'
import { mapBounded } from '@moraine/stdx/bounded'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'

/** What a file itself contradicts of what was reported of it. */
export type StoredFault = { readonly kind: 'not-found' | 'verification-failed'; readonly reason: string }

type ReportedFile = OutputDataFile | OutputDeleteFile
type FooterRows = { readonly kind: 'parquet'; readonly rows: number } | ({ readonly kind: 'puffin' } & PuffinFooter)

/**
 * The outputs as they lie in the store. Whether they are there, and how large, is asked at each look; a footer is read
 * once, since nothing that has a size and is whole is written again.
 */
export class StoredOutputs {
  readonly #io: FileIO
  readonly #footers = new Map<string, FooterRows>()

  constructor(io: FileIO) {
    this.#io = io
  }

  /** By group, the first fault: a file that is not there, of another size, damaged, or with another number of rows. */
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
    try {
      const isPuffin = reports.some((report) => 'fileFormat' in report && report.fileFormat === 'puffin')
      const footer = this.#footers.get(filePath) ?? (await this.#readFooter(filePath, sizeBytes, isPuffin, signal))
      this.#footers.set(filePath, footer)
      const reason = reports.map((report) => rowFault(report, footer)).find((fault) => fault !== undefined)
      return reason === undefined ? undefined : { kind: 'verification-failed', reason: `output ${filePath} ${reason}` }
    } catch (error) {
      // What another look may find otherwise ends the commit, which is tried again.
      if (!isKind(error, 'corrupt') && !isKind(error, 'unsupported') && !isKind(error, 'not-found')) throw error
      return { kind: 'verification-failed', reason: `output ${filePath} cannot be read: ${describeError(error)}` }
    }
  }

  async #readFooter(location: string, sizeBytes: number, isPuffin: boolean, signal: AbortSignal): Promise<FooterRows> {
    if (isPuffin) {
      const footer = await loadPuffinFooter(this.#io, { location, fileSizeBytes: sizeBytes }, signal)
      return { kind: 'puffin', ...footer }
    }
    const reader = {
      sizeBytes,
      readRange: (offset: number, length: number) => this.#io.readRange(location, offset, length, signal),
    }
    return { kind: 'parquet', rows: await readRowCount(reader, location, signal) }
  }
}

// As many as an object store answers at once without complaint; a footer is mostly one read of 64 KiB.
const FILES_AT_A_TIME = 16

function rowFault(report: ReportedFile, footer: FooterRows): string | undefined {
  if (footer.kind === 'puffin') return vectorFault(report, footer)
  return footer.rows === report.recordCount
    ? undefined
    : `holds ${footer.rows} rows, reported were ${report.recordCount}`
}

function vectorFault(report: ReportedFile, { blobs }: PuffinFooter): string | undefined {
  if (!('referencedDataFile' in report)) throw new MoraineError('internal', 'data files are not in Puffin')
  const { contentOffset, contentSizeBytes, referencedDataFile, recordCount } = report
  const blob = blobs.find(({ offset, length }) => offset === contentOffset && length === contentSizeBytes)
  if (blob === undefined) return `has no vector at ${contentOffset}+${contentSizeBytes}`
  const { cardinality, 'referenced-data-file': target } = blob.properties
  if (target !== referencedDataFile) return `has a vector of ${target}, reported was one of ${referencedDataFile}`
  return cardinality === String(recordCount)
    ? undefined
    : `has a vector of ${cardinality} positions, reported were ${recordCount}`
}
