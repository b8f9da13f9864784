import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT_UNAVAILABLE } from './json-lines-worker.ts'
import { runLeashed } from './leashed.ts'

/** One test of the kit, under its Java name: `RESTCompatibilityKitCatalogTests.testDropTable`. */
export type KitTest = {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped, in the words of the kit. */
  readonly reason: string
}

export type KitRun =
  | { readonly kind: 'ran'; readonly tests: readonly KitTest[] }
  | { readonly kind: 'unavailable'; readonly why: string }

export type KitTarget = {
  readonly uri: string
  readonly warehouse: string
  /** Where the reports are written. */
  readonly directory: string
}

/**
 * Runs Iceberg's REST compatibility kit against a catalog that is empty.
 *
 * @param settings of the kit, as `supports-names-with-dot`
 */
export function runCompatibilityKit(target: KitTarget, settings: Readonly<Record<string, string>>): Promise<KitRun> {
  return runKit('run', target, settings)
}

/** Runs likewise those tests that the kit has and turns off in code: none of its settings enables them. */
export function runMoreOfKit(target: KitTarget, settings: Readonly<Record<string, string>>): Promise<KitRun> {
  return runKit('run-more', target, settings)
}

async function runKit(
  what: 'run' | 'run-more',
  { uri, warehouse, directory }: KitTarget,
  settings: Readonly<Record<string, string>>,
): Promise<KitRun> {
  const flags = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const { code, stderr } = await runLeashed('interop/lab/rck.sh', [what, uri, warehouse, directory, ...flags])
  if (code === EXIT_UNAVAILABLE) return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? '' }
  const names = (await readdir(directory)).filter((name) => /^TEST-.*\.xml$/.test(name))
  const tests: KitTest[] = []
  for (const name of names) tests.push(...testsOf(await readFile(join(directory, name), 'utf8')))
  if (tests.length === 0) throw new Error(`the kit ended with ${code} and ran nothing:\n${stderr}`)
  return { kind: 'ran', tests }
}

/** Of a report in JUnit's XML, as its console writes it: an element per test, attributes in one order. */
function testsOf(xml: string): readonly KitTest[] {
  return [...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, name = '', className = '', body = '']) => {
      const what = /<(failure|error|skipped)\b([^>]*)>(.*?)<\/\1>/s.exec(body)
      const simpleName = `${className.split('.').at(-1)}.${name.replace(/\(.*$/s, '')}`
      if (what === null) return { name: simpleName, outcome: 'passed', reason: '' }
      const [, kind = '', attributes = '', text = ''] = what
      const message = /message="([^"]*)"/s.exec(attributes)?.[1] ?? text.replace(/^<!\[CDATA\[|\]\]>$/g, '')
      // What was thrown is followed by where it was.
      const reason = (message.split(/\s+at [\w.$/]+\(/)[0] ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, 300)
      return { name: simpleName, outcome: kind === 'skipped' ? 'skipped' : 'failed', reason }
    },
  )
}
