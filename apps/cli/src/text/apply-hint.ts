import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import type { RawTableOptions } from '../commands/catalog-options.ts'

export type WrittenPlan = {
  readonly file: string
  readonly plan: RewritePlan
  /** The table as the command line named it, and the options by which it was found. */
  readonly ref: string
  readonly options: RawTableOptions
  /** Why the table cannot be changed when it is named like this. */
  readonly readOnly: string | undefined
}

/** What to do with a plan that was written: the command that runs it, to be copied, or why there is none. */
export function applyHint({ file, plan, ref, options, readOnly }: WrittenPlan): string {
  const written = `plan written to ${file}`
  if (plan.groups.length === 0) return `${written}; it holds no groups: there is nothing to apply`
  if (readOnly !== undefined) return `${written}; it cannot be applied to ${ref}: ${readOnly}`
  return `${written}; run it with: ${['moraine', 'table', 'apply', file, '--table', ref, ...found(options)].map(quoted).join(' ')}`
}

/** The options again. A secret is left for the user to fill in: what is printed ends in logs. */
function found(options: RawTableOptions): readonly string[] {
  const { catalog, server, catalogType, catalogUri, warehouse, token, catalogProperty = [], storage = [] } = options
  const one = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value])
  const many = (name: string, pairs: readonly string[]) =>
    pairs.length === 0 ? [] : [name, ...pairs.map(withoutSecret)]
  return [
    ...one('--catalog', catalog),
    ...one('--server', server),
    ...one('--catalog-type', catalogType),
    ...one('--catalog-uri', catalogUri === undefined ? undefined : withoutPassword(catalogUri)),
    ...one('--warehouse', warehouse),
    ...one('--token', token === undefined ? undefined : '<token>'),
    ...many('--catalog-property', catalogProperty),
    ...many('--storage', storage),
  ]
}

function withoutSecret(pair: string): string {
  const at = pair.indexOf('=')
  const key = pair.slice(0, at)
  // Where a secret is kept is none.
  if (/^(?:@|env:|-$)/.test(pair.slice(at + 1))) return pair
  return key in withoutSecrets({ [key]: '' }) ? pair : `${key}=<secret>`
}

/** The address of a database may have user and password before its host, or among its parameters. */
function withoutPassword(uri: string): string {
  return uri.replace(/(:\/\/[^/@:]*):.*@/, '$1:<secret>@').replace(/([?&;][^=]*password[^=]*=)[^&;]*/gi, '$1<secret>')
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
