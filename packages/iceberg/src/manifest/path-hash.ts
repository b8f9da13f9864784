/**
 * A 32-bit hash of a file's path from its UTF-8 bytes: equal paths have equal hashes, so that columns of hashes tell which
 * files may be the ones that a delete names; the paths themselves decide. Only the end is hashed, where the file's own
 * name is.
 */
export function pathHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET ^ (end - start)
  for (let at = Math.max(start, end - TAIL_BYTES); at < end; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), FNV_PRIME)
  }
  // The low bits alone are used too; FNV leaves them to the last bytes.
  return (hash ^ (hash >>> 15)) >>> 0
}

export function pathHashOf(path: string): number {
  const bytes = Buffer.from(path)
  return pathHash(bytes, 0, bytes.length)
}

// Writers put a UUID, a task number and an extension there: some 60 characters.
const TAIL_BYTES = 64
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
