import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'
import { runLeashed } from '../lab/leashed.ts'

const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'

export type FuzzRun = {
  /** Of the service. */
  readonly url: string
  /** Where configurations and reports are written. */
  readonly home: string
  /** Which operations, by their paths. */
  readonly below: string
  /** `schemathesis.toml`. */
  readonly config: string
  readonly examples: number
  readonly authorization?: string
}

/** How often each status was answered; every answer was as the description has it. `undefined` if the test was skipped. */
export async function runSchemathesis(
  context: TestContext,
  { url, home, below, config, examples, authorization }: FuzzRun,
): Promise<ReadonlyMap<number, number> | undefined> {
  const file = join(home, 'schemathesis.toml')
  writeFileSync(file, config)
  const report = join(home, 'answers.yaml')
  const { code, stdout, stderr } = await runLeashed('interop/lab/schemathesis.sh', [
    ...['--config', file, `${url}/openapi.json`, '--include-path-regex', below, '--checks', CHECKS],
    ...['--seed', '20', '--max-examples', String(examples), '--phases', 'examples,coverage,fuzzing'],
    ...['--continue-on-failure', '--suppress-health-check', 'all', '--warnings', 'off', '--report-vcr-path', report],
    ...(authorization === undefined ? [] : ['--header', `Authorization: ${authorization}`]),
  ])
  if (code === EXIT_UNAVAILABLE) {
    context.skip(stderr.trim().split('\n').at(-1) ?? '')
    return undefined
  }
  assert.equal(code, 0, `${stdout.slice(-20_000)}\n${stderr}`)
  const statuses = new Map<number, number>()
  for (const [, status] of readFileSync(report, 'utf8').matchAll(/^ +code: '(\d{3})'$/gm))
    statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1)
  const sorted = [...statuses].sort(([a], [b]) => a - b)
  context.diagnostic(sorted.map(([status, times]) => `${times} answered ${status}`).join(', '))
  return statuses
}
