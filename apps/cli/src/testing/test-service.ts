import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { must } from '@moraine/stdx/assert'
import type { TappingProxy } from './tapping-proxy.ts'

export type TestService = { readonly child: ChildProcess; readonly url: string }

export type TestServiceOptions = {
  readonly dataDir: string
  /** Of the catalog `disk`. */
  readonly warehouse: string
  /** Where all its processes put temporary files. */
  readonly temporary: string
  readonly proxy: TappingProxy
}

/** Starts test-service-main.ts as a process, and leads the proxy to it. */
export async function startTestService(options: TestServiceOptions): Promise<TestService> {
  const { dataDir, warehouse, temporary, proxy } = options
  const main = fileURLToPath(new URL('./test-service-main.ts', import.meta.url))
  const args = ['--conditions=development', main, dataDir, warehouse, String(proxy.port)]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', process.env['MORAINE_LOG_LEVEL'] === undefined ? 'ignore' : 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
  })
  const [line] = (await once(createInterface({ input: must(child.stdout, 'stdout') }), 'line')) as [string]
  const { url, thriftPort } = JSON.parse(line) as { url: string; thriftPort: number }
  proxy.target = thriftPort
  return { child, url }
}

const SPIN_WITHIN_MS = 90_000

/** Asks again and again, every few milliseconds: for moments that are soon over. Others wait with testkit's `eventually`. */
export async function spinUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(SPIN_WITHIN_MS)
  while (!(await condition())) {
    limit.throwIfAborted()
    await once(AbortSignal.timeout(5), 'abort')
  }
}

/** The path of a table of the catalog `disk` in the API. */
export function tablePath(name: string): string {
  return `/api/ams/v1/tables/catalogs/disk/dbs/db/tables/${name}`
}
