import type { PyIceberg } from '../lab/pyiceberg.ts'
import type { LedgeredWriter } from '../optimize/ledgered-writer.ts'

const FIELDS = [
  { id: 1, name: 'id', required: false, type: 'long' },
  { id: 2, name: 'v', required: false, type: 'string' },
]
const APPENDED = 10
const REFUSAL = /CommitFailedException|ValidationException/

/** Has PyIceberg create a table and keeps an account of what it then commits there: appends, and a delete now and then. */
export async function pyIcebergWriter(engine: PyIceberg, table: readonly string[]): Promise<LedgeredWriter> {
  const properties = { 'self-optimizing.min-plan-interval': '0', 'self-optimizing.minor.trigger.file-count': '2' }
  await engine.create({ table, schema: { type: 'struct', 'schema-id': 0, fields: FIELDS }, properties })
  let ids: readonly number[] = []
  let next = 0
  let conflicts = 0
  const states: (readonly string[])[] = [[]]
  const changed = async (signal?: AbortSignal): Promise<readonly number[]> => {
    const [gone] = ids
    if (states.length % 5 === 4 && gone !== undefined) {
      await engine.delete(table, `id = ${gone}`, signal)
      return ids.slice(1)
    }
    const fresh = Array.from({ length: APPENDED }, (_, at) => next + at)
    next += APPENDED // also where it is refused: no row of that may ever be seen
    await engine.append({ table, rows: fresh.map((id) => ({ id, v: textOf(id) })) }, signal)
    return [...ids, ...fresh]
  }
  return {
    states,
    snapshotsPerCommit: 'one',
    conflicts: () => conflicts,
    async step(signal) {
      try {
        ids = await changed(signal)
      } catch (error) {
        if (!REFUSAL.test(String(error))) throw error
        conflicts += 1
        return 'conflict'
      }
      states.push(ids.map((id) => `{"id":${id},"v":"${textOf(id)}"}`).sort())
      return 'committed'
    },
  }
}

function textOf(id: number): string {
  return `value ${id}`
}
