import { appendFileSync } from 'node:fs'

/** What node:test says of a test, as far as it matters here. */
export type TestEvent = {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly skip?: string | boolean | undefined
    readonly file?: string
    readonly details?: { readonly error?: unknown }
  }
}

/**
 * A reporter for node:test that ends a run with what matters of it, however long the run was: which tests were skipped and
 * why, which is what a component that could not be fetched left unproven, then which failed and the gist of why. The lines of
 * what was skipped are added to the file that `SKIPPED_SUITES_LIST` names, so that whoever makes several runs can say so once.
 * (Not `MORAINE_...`: the service takes such a variable for a setting, and says that it is unknown.)
 */
// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from nowhere else
export default async function* closingReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped = new Map<string, string[]>()
  const failures: string[] = []
  for await (const { type, data } of events) {
    if (type === 'test:pass' && data.skip !== undefined && data.skip !== false) {
      const key = `${placeOf(data.file)}\n${reasonOf(data.skip)}`
      skipped.set(key, [...(skipped.get(key) ?? []), data.name ?? ''])
    }
    if (type !== 'test:fail' || isOfSubtests(data.details?.error)) continue
    failures.push(`  ${placeOf(data.file)}${data.name}\n${indented(gistOf(data.details?.error))}`)
  }
  const lines = [...skipped].map(([key, names]) => skippedLine(key, names))
  const list = process.env['SKIPPED_SUITES_LIST']
  if (list !== undefined && lines.length > 0) appendFileSync(list, `${lines.join('\n')}\n`)
  const count = [...skipped.values()].flat().length
  yield count === 0 ? 'Nothing was skipped.\n' : `Skipped, ${count} in all:\n${lines.join('\n')}\n`
  if (failures.length > 0) yield `Failed, ${failures.length} in all:\n${failures.join('\n')}\n`
}

function skippedLine(key: string, names: readonly string[]): string {
  const [place, reason] = key.split('\n')
  return `  ${place}${names.length === 1 ? names[0] : `${names.length} tests`}: ${reason}`
}

function placeOf(file: string | undefined): string {
  if (file === undefined) return ''
  const at = file.lastIndexOf('/interop/')
  return `${at === -1 ? file : file.slice(at + 1)}: `
}

function reasonOf(skip: string | true): string {
  return skip === true || skip === '' ? 'no reason given' : skip.replaceAll(/\s+/g, ' ')
}

// A file, or a test of tests, of which some failed: these are told by themselves.
function isOfSubtests(error: unknown): boolean {
  return error instanceof Error && 'failureType' in error && error.failureType === 'subtestsFailed'
}

const HEAD_LINES = 12
const CAUSE_LINES = 6
const LINE_LENGTH = 300

/** How the message begins, what a JVM says in it of causes, and where in our code it was thrown. */
function gistOf(error: unknown): readonly string[] {
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(thrown instanceof Error)) return String(thrown).split('\n').slice(0, HEAD_LINES)
  const lines = thrown.message.split('\n').filter((line) => line.trim() !== '' && !/^\s+at \S/.test(line))
  const causes = lines.slice(HEAD_LINES).filter((line) => line.includes('Caused by:'))
  const where = thrown.stack?.split('\n').filter((line) => /^\s+at .*\/(interop|packages|apps)\//.test(line)) ?? []
  return [...lines.slice(0, HEAD_LINES), ...causes.slice(-CAUSE_LINES), ...where.slice(0, 2)]
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line.trim().slice(0, LINE_LENGTH)}`).join('\n')
}
