import { appendFileSync } from 'node:fs'

/** What node:test says of a test, as far as it matters here. */
export type SkippedEvent = {
  readonly type: string
  readonly data: { readonly name?: string; readonly skip?: string | boolean | undefined; readonly file?: string }
}

/**
 * A reporter for node:test that says at the end of a run which tests were skipped and why: what a component that could not
 * be fetched left unproven stands in one place, however long the run was. The same lines are added to the file that
 * `SKIPPED_SUITES_LIST` names, so that whoever makes several runs can say so once. (Not `MORAINE_...`: the service takes
 * such a variable for a setting, and says that it is unknown.)
 */
// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from nowhere else
export default async function* skippedReporter(events: AsyncIterable<SkippedEvent>): AsyncGenerator<string> {
  const lines: string[] = []
  for await (const { type, data } of events) {
    if (type !== 'test:pass' || data.skip === undefined || data.skip === false) continue
    lines.push(`  ${placeOf(data.file)}${data.name}: ${reasonOf(data.skip)}`)
  }
  const list = process.env['SKIPPED_SUITES_LIST']
  if (list !== undefined && lines.length > 0) appendFileSync(list, `${lines.join('\n')}\n`)
  yield lines.length === 0 ? 'Nothing was skipped.\n' : `Skipped, ${lines.length} in all:\n${lines.join('\n')}\n`
}

function placeOf(file: string | undefined): string {
  if (file === undefined) return ''
  const at = file.lastIndexOf('/interop/')
  return `${at === -1 ? file : file.slice(at + 1)}: `
}

function reasonOf(skip: string | true): string {
  return skip === true || skip === '' ? 'no reason given' : skip.replaceAll(/\s+/g, ' ')
}
