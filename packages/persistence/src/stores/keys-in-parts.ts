/** Engines limit the number of parameters of a statement. */
const KEYS_PER_QUERY = 500

/** The rows of a question about many keys, which is asked in parts; each key must be there once. */
export async function askInParts<Key, Row>(
  keys: readonly Key[],
  ask: (some: readonly Key[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    for (const row of await ask(keys.slice(start, start + KEYS_PER_QUERY))) rows.push(row)
  }
  return rows
}
