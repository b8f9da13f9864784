import type { DroppedPointer } from '@moraine/catalogs/internal/dropped-pointers'
import { databaseName } from '@moraine/management/records/table-name'
import type { EpochMs } from '@moraine/stdx/brand'

/** More than those are not counted. */
export const KEPT_COUNTED = 1000

type Kept = Pick<DroppedPointer, 'dropId' | 'namespace' | 'name' | 'purgeAt'>

/** Why a catalog cannot be removed that keeps what was dropped from it, until when, and what to do about it. */
export function stillKeeps(catalog: string, kept: readonly Kept[], now: EpochMs): string {
  const [last, ...others] = kept.toSorted((a, b) => b.purgeAt - a.purgeAt)
  if (last === undefined) return ''
  const name = `${databaseName(last.namespace)}.${last.name}`
  const many = kept.length < KEPT_COUNTED ? `${others.length}` : `at least ${others.length}`
  const besides = others.length === 0 ? '' : `, and ${many} more that were dropped until then or sooner`
  if (last.purgeAt <= now) {
    return `catalog '${catalog}' still keeps '${name}'${besides}: what was dropped is due, and is purged within a minute or so; the log says what hinders it`
  }
  const until = new Date(last.purgeAt).toISOString()
  const remedy = `wait until then, or purge each now: \`moraine table purge ${name} --catalog ${catalog} --id ${last.dropId}\` (\`moraine table dropped --catalog ${catalog}\` lists them)`
  return `catalog '${catalog}' still keeps '${name}', which was dropped and can be had back until ${until}${besides}; ${remedy}`
}
