/**
 * The known key that an unknown one was most likely meant to be; `undefined` if none is near.
 *
 * @param most letters that may be wrong; a third of them if absent
 */
export function nearestKey(
  unknown: string,
  known: readonly string[],
  most = Math.max(2, unknown.length / 3),
): string | undefined {
  const near = known
    .map((key) => ({ key, distance: editDistance(unknown, key) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= most ? near.key : undefined
}

/** Levenshtein's: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
