/** How many files make outputs of about the target size, none of them a small rest. */
export function outputFiles(expectedBytes: number, targetBytes: number): number {
  return Math.max(1, Math.round(expectedBytes / targetBytes))
}

export type RowGroupLayout = {
  readonly rowGroupRows: number
  /** Absent if there is one file. */
  readonly rowGroupsPerFile?: number
}

export type LayoutInput = {
  /** Of all inputs; deletes make the last output smaller. */
  readonly rows: number
  readonly uncompressedBytes: number
  readonly files: number
  /** Of uncompressed data in a row group, as the table asks for. */
  readonly wantedBytes: number
  readonly memoryLimitBytes: number
}

/**
 * How outputs are divided into row groups, and rows into outputs: evenly. A row group gets the wanted size, but no more
 * than DuckDB can hold while it keeps the order of rows: 120,000 rows of 10 KB fail under a limit of 512 MB, 32 MiB of
 * them take 280 MB.
 */
export function outputLayout({
  rows,
  uncompressedBytes,
  files,
  wantedBytes,
  memoryLimitBytes,
}: LayoutInput): RowGroupLayout {
  const rowBytes = rows === 0 ? 1 : Math.max(1, uncompressedBytes / rows)
  const most = wholeVectors(Math.min(wantedBytes, memoryLimitBytes / 16) / rowBytes)
  if (files === 1) return { rowGroupRows: most }
  const rowsPerFile = Math.ceil(rows / files)
  const rowGroupsPerFile = Math.ceil(rowsPerFile / most)
  return { rowGroupRows: Math.ceil(rowsPerFile / rowGroupsPerFile / VECTOR_ROWS) * VECTOR_ROWS, rowGroupsPerFile }
}

function wholeVectors(rows: number): number {
  return Math.min(MAX_ROWS, Math.max(VECTOR_ROWS, Math.round(rows / VECTOR_ROWS) * VECTOR_ROWS))
}

// DuckDB works on vectors of so many rows, and a row group has whole ones.
const VECTOR_ROWS = 2048
// Sizes in files are after dictionaries; in memory, rows of 25 bytes take 150. Twice as many rows a group took 95 MB more
// of memory for the same CPU time.
const MAX_ROWS = 245_760
