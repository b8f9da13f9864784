/** A reporter for node:test that says which files have a test that failed, each once, a line each. */
// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from nowhere else
export default async function* failedFilesReporter(
  events: AsyncIterable<{ readonly type: string; readonly data: { readonly file?: string } }>,
): AsyncGenerator<string> {
  const told = new Set<string>()
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.file === undefined || told.has(data.file)) continue
    told.add(data.file)
    yield `${data.file}\n`
  }
}
