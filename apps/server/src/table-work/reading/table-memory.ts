import { totalmem } from 'node:os'

/** Of the memory, for tables that are being read: each of so many threads may have its largest at hand. */
const TABLES_SHARE = 0.25

/** Bytes of memory that the files of one table may take, of those that this process may use. */
export function tableMemory(threads: number, usableBytes = usableMemory()): number {
  return Math.floor((usableBytes * TABLES_SHARE) / threads)
}

/** Of this machine, or of the container that it is. */
function usableMemory(): number {
  const confined = process.constrainedMemory()
  return confined > 0 ? Math.min(confined, totalmem()) : totalmem()
}
