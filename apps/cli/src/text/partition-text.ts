/** A partition for people; one without a path is a table that is not partitioned. */
export function partitionText(path: string): string {
  return path === '' ? 'the table' : path
}

/** Those that have data, for whoever asked for another; `total` of them in all. */
export function partitionsThatAre(paths: readonly string[], total: number): string {
  if (total === 0) return 'it has no data at all'
  if (total === paths.length && paths.every((path) => path === ''))
    return 'it is not partitioned: leave --partition out'
  const shown = paths.slice(0, SHOWN_PARTITIONS).map((path) => (path === '' ? "'' (not partitioned)" : path))
  const rest = total - shown.length
  return `there is data in ${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}

export const SHOWN_PARTITIONS = 10
