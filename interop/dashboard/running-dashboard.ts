import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLeashed } from '../lab/leashed.ts'

export type RunningDashboard = { readonly url: string; stop(): Promise<void> }

const BUILD = fileURLToPath(new URL('../../scripts/build-web.ts', import.meta.url))

/**
 * The service with its dashboard, an optimizer and the sample table, which is written to all the time.
 *
 * @param environment as of its settings
 */
export async function startDashboard(environment: Readonly<Record<string, string>> = {}): Promise<RunningDashboard> {
  const built = spawnSync(process.execPath, [BUILD], { encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  const dataDir = await mkdtemp(join(tmpdir(), 'moraine-dashboard-'))
  const place = ['--port', '0', '--thrift-port', '0', '--data-dir', dataDir]
  const service = startLeashed('bin/moraine', ['start', ...place], environment)
  const [, url = ''] = /listens on (\S+),/.exec(await service.line(/listens on/)) ?? []
  return {
    url,
    async stop() {
      await service.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
