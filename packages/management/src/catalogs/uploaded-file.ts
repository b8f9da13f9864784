import type { EpochMs } from '@moraine/stdx/brand'

/**
 * A file that was sent ahead of the form of a catalog that names it by its id, such as a site file or a keytab. A catalog that is
 * saved has the content itself: the upload is of no use any more, and is forgotten when it expires.
 */
export type UploadedFile = {
  /** Decimal digits, as Amoro's ids are. */
  readonly fileId: string
  /** As whoever sent it calls it. */
  readonly name: string
  /** In base64. */
  readonly content: string
  readonly expiresAt: EpochMs
}

export interface UploadedFileStore {
  findFile(fileId: string, now: EpochMs): Promise<UploadedFile | undefined>
  /** Keeps the file. All that have expired are removed, and so many of those that expire next that `filesMax` are kept. */
  addFile(file: UploadedFile, now: EpochMs, filesMax: number): Promise<void>
}
