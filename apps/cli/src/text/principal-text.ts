import type { GrantEntry, PrincipalEntry } from '@moraine/client/principals-api'
import { formatName } from './name-text.ts'
import { textTable } from './table-text.ts'

export function principalsText(principals: readonly PrincipalEntry[]): string {
  const rows = principals.map(({ name, grants, credentials }) => [
    name,
    grants.length === 0 ? 'no role' : grants.map(grantText).join('\n'),
    credentials.length === 0 ? 'none' : credentials.map(credentialText).join('\n'),
  ])
  return `${textTable(['principal', 'roles', 'credentials'], rows)}\n`
}

export function principalText({ name, grants, credentials }: PrincipalEntry): string {
  const roles = grants.length === 0 ? 'has no role' : `is ${grants.map(grantText).join(', ')}`
  const remedy = credentials.length > 0 ? '' : `; \`moraine principal credential create ${name}\` lets it sign in`
  return `principal ${name} ${roles}${remedy}\n`
}

/** `editor in lake.sales and below` */
export function grantText({ role, catalog, namespace, table }: GrantEntry): string {
  if (catalog === undefined) return `${role} everywhere`
  if (namespace === undefined) return `${role} in catalog ${formatName([catalog])}`
  if (table !== undefined) return `${role} of table ${formatName([catalog, ...namespace, table])}`
  return `${role} in ${formatName([catalog, ...namespace])} and below`
}

function credentialText({ id, note, expiresAt }: PrincipalEntry['credentials'][number]): string {
  const until = expiresAt === null ? '' : `, until ${new Date(expiresAt).toISOString()}`
  return `${id}${note === '' ? '' : ` (${note})`}${until}`
}
