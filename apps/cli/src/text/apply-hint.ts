import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import type { RawTableOptions } from '../commands/table-options.ts'

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
function found({ catalogUri, warehouse, token, storage = [] }: RawTableOptions): readonly string[] {
  return [
    ...(catalogUri === undefined ? [] : ['--catalog-uri', catalogUri]),
    ...(warehouse === undefined ? [] : ['--warehouse', warehouse]),
    ...(token === undefined ? [] : ['--token', '<token>']),
    ...(storage.length === 0 ? [] : ['--storage', ...storage.map(withoutSecret)]),
  ]
}

function withoutSecret(pair: string): string {
  const key = pair.slice(0, pair.indexOf('='))
  return key in withoutSecrets({ [key]: '' }) ? pair : `${key}=<secret>`
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
