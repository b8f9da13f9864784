/** A table to rewrite, made of rows that are a pure function of their number. See generated-rows.ts. */
export type Workload = {
  readonly name: string
  readonly title: string
  readonly formatVersion: 2 | 3
  /** Rows of each data file; row numbers go on from file to file. */
  readonly fileRows: readonly number[]
  readonly deletes: 'none' | 'position-deletes' | 'deletion-vectors' | 'equality-deletes'
}

const LARGE_ROWS = 400_000
const SMALL_FILES = 400

/** Data and equality deletes of W6 arrive in turns: so many data files, so many delete files, and again. */
export const ROUNDS = 4
export const EQUALITY_KEYS = 5_000_000
export const EQUALITY_FILES = 20
/** Vectors that share a Puffin file. */
export const VECTORS_PER_PUFFIN = 8

/** @param scale 1 for the sizes named in the titles; less for a quick look */
export function workloads(scale: number): readonly Workload[] {
  const files = (count: number) => Array.from({ length: Math.max(4, Math.round(count * scale)) }, () => LARGE_ROWS)
  const small = Array.from(
    { length: Math.max(4, Math.round(SMALL_FILES * scale)) },
    (_, at) => 10_000 + (at % 7) * 5_000,
  )
  return [
    { name: 'W1', title: '64 files of 10 MB', formatVersion: 2, fileRows: files(64), deletes: 'none' },
    { name: 'W2', title: '400 files of 0.25 to 1 MB', formatVersion: 2, fileRows: small, deletes: 'none' },
    {
      name: 'W3',
      title: '80 files of 10 MB, 5 % position deletes',
      formatVersion: 2,
      fileRows: files(80),
      deletes: 'position-deletes',
    },
    {
      name: 'W4',
      title: '80 files of 10 MB, 5 % deletion vectors, v3 with lineage',
      formatVersion: 3,
      fileRows: files(80),
      deletes: 'deletion-vectors',
    },
    {
      name: 'W6',
      title: '32 files of 10 MB, 5 million equality keys',
      formatVersion: 2,
      fileRows: files(32),
      deletes: 'equality-deletes',
    },
  ]
}

/** The number of the first row of each file. */
export function firstRows({ fileRows }: Workload): readonly number[] {
  let next = 0
  return fileRows.map((rows) => {
    const first = next
    next += rows
    return first
  })
}

/** In which turn a data file or a file of equality deletes is committed; data comes before deletes. */
export function roundOf(at: number, files: number): number {
  return Math.floor((at * ROUNDS) / files)
}
