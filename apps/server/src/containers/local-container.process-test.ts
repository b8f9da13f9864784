import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { buildOptimizer } from '@moraine/management/testing/build'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { SILENT_LOG } from '../service/log.ts'
import { localContainer } from './local-container.ts'

async function eventually<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await delay(20)
  }
}

test('an optimizer that dies is started again under another name, its registration ended, and stopped in the end', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-container-'))
  const file = join(directory, 'started')
  // Says who it is, and lives until it is told to stop.
  const script = `
    require('node:fs').appendFileSync(${JSON.stringify(file)}, process.pid + ' ' + process.env.MORAINE_RESOURCE_ID + '\\n')
    process.on('SIGTERM', () => process.exit(0))
    process.stdin.resume()`
  const ended: { reason: string; own: boolean }[] = []
  let resourceId = 'local-of-an-earlier-run'
  const container = localContainer({
    command: [process.execPath, '-e', script],
    endOptimizers: async ({ reason, isGone }) => {
      ended.push({
        reason,
        own: isGone(buildOptimizer({ resourceId })) && !isGone(buildOptimizer({ resourceId: 'k8s-1' })),
      })
    },
    clock: systemClock,
    random: systemRandom,
    log: SILENT_LOG,
  })
  const started = (count: number) => () => {
    const lines = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trim().split('\n')
    return lines.length >= count && lines[count - 1] !== '' ? lines[count - 1]?.split(' ') : undefined
  }
  await container.start(new AbortController().signal)
  const [firstPid, firstId] = await eventually(started(1))
  assert.ok(firstId)
  resourceId = firstId
  process.kill(Number(firstPid), 'SIGKILL')
  const [secondPid, secondId] = await eventually(started(2))
  assert.notEqual(secondId, firstId)
  resourceId = secondId ?? ''
  await container.stop()
  assert.throws(() => process.kill(Number(secondPid), 0), /ESRCH/)
  assert.deepEqual(ended, [
    { reason: 'the service that launched it ended', own: true },
    { reason: 'its process ended: SIGKILL', own: true },
    { reason: 'its process ended: exit code 0', own: true },
  ])
  rmSync(directory, { recursive: true })
})
