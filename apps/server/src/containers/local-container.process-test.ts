import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { buildOptimizer } from '@moraine/management/testing/build'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { SILENT_LOG } from '../service/log.ts'
import { localContainer } from './local-container.ts'

const WITHIN_MS = 20_000

test('an optimizer that dies is started again under another name, its registration ended, and stopped in the end', async () => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const calls = on(listener, 'connection', { signal: AbortSignal.timeout(WITHIN_MS) })
  // Says who it is, and lives until it is told to stop.
  const script = `
    process.on('SIGTERM', () => process.exit(0))
    process.stdin.resume()
    require('node:net').connect(${port}, '127.0.0.1').end(process.pid + ' ' + process.env.MORAINE_RESOURCE_ID)`
  const nextStarted = async () => {
    const { value } = (await calls.next()) as { value: [Socket] }
    const [pid, resourceId = ''] = (await text(value[0])).split(' ')
    return { pid: Number(pid), resourceId }
  }
  const ended: { reason: string; own: boolean }[] = []
  let resourceId = 'local-of-an-earlier-run'
  const container = localContainer({
    command: () => [process.execPath, '-e', script],
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
  try {
    await container.start(new AbortController().signal)
    const first = await nextStarted()
    assert.ok(first.resourceId)
    resourceId = first.resourceId
    process.kill(first.pid, 'SIGKILL')
    const second = await nextStarted()
    assert.notEqual(second.resourceId, first.resourceId)
    resourceId = second.resourceId
    await container.stop()
    assert.throws(() => process.kill(second.pid, 0), /ESRCH/)
    assert.deepEqual(ended, [
      { reason: 'the service that launched it ended', own: true },
      { reason: 'its process ended: SIGKILL', own: true },
      { reason: 'its process ended: exit code 0', own: true },
    ])
  } finally {
    await container.stop()
    listener.close()
  }
})

test('a program that cannot be started is no end of the service', async () => {
  const reasons: string[] = []
  const tried = Promise.withResolvers<void>()
  const container = localContainer({
    command: () => ['no\0program'],
    endOptimizers: async ({ reason }) => {
      reasons.push(reason)
      if (reasons.length === 2) tried.resolve()
    },
    clock: systemClock,
    random: systemRandom,
    log: SILENT_LOG,
  })
  await container.start(new AbortController().signal)
  await tried.promise
  await container.stop()
  assert.match(reasons[1] ?? '', /null bytes/)
})
