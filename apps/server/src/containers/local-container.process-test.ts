import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { LaunchOrder } from '@moraine/management/resources/container'
import { systemClock } from '@moraine/stdx/clock'
import { containerConformance, type OpenedContainer } from '@moraine/testkit/conformance/container'
import { eventually } from '@moraine/testkit/eventually'
import { type Command, type LocalContainerOptions, localContainer } from './local-container.ts'

const WITHIN_MS = 20_000

/** Lives until it is told to stop, or its standard input ends. */
const SCRIPT = `
  process.on('SIGTERM', () => process.exit(0))
  process.stdin.resume().on('end', () => process.exit(0))
  require('node:net').connect(Number(process.argv[1]), '127.0.0.1').end(process.env.MORAINE_RESOURCE_ID + ' ' + process.pid)`

/** A container whose optimizers say that they are there. */
async function openLocal(parts: Partial<LocalContainerOptions> = {}) {
  const pids = new Map<string, number>()
  const door = createServer((socket) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    socket.on('end', () => {
      const [resourceId = '', pid] = said.split(' ')
      pids.set(resourceId, Number(pid))
      door.emit('came')
    })
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  const address = door.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const changes = { count: 0 }
  const container = localContainer({
    name: 'local',
    command: ({ url, group, threads, memoryMb }: LaunchOrder): Command => {
      const own = ['--url', url, '--group', group, '--threads', String(threads), '--memory', String(memoryMb)]
      return [process.execPath, '-e', SCRIPT, '--', String(port), ...own]
    },
    environment: { ...process.env, MORAINE_SECRET_KEY: 'the key of the service', MORAINE_LOG_LEVEL: 'warn' },
    variables: {},
    onChanged() {
      changes.count += 1
      door.emit('changed')
    },
    clock: systemClock,
    ...parts,
  })
  const close = async () => {
    await container.close()
    door.close()
  }
  return { container, pids, door, changes, close }
}

/** Waits until it is so. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await eventually(what, async () => ((await isSo()) ? true : undefined), WITHIN_MS)
}

function exists(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

containerConformance('local', async (): Promise<OpenedContainer> => {
  const { container, pids, close } = await openLocal()
  const listing = async (pid: number | undefined, file: string) =>
    exists(pid) ? (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').filter((each) => each !== '') : undefined
  const released = new Set<string>()
  return {
    container: {
      ...container,
      async release(resourceId) {
        released.add(resourceId)
        await container.release(resourceId)
      },
    },
    // Who is listed has come, unless it goes; who has come and is not listed has gone.
    settle: () =>
      until('all that was ordered', async () => {
        const listed: ReadonlySet<string> = new Set((await container.list()).map(({ resourceId }) => resourceId))
        const isThere = [...listed].every((id) => pids.has(id) && !released.has(id))
        return isThere && [...pids].every(([id, pid]) => listed.has(id) === exists(pid))
      }),
    commandOf: (resourceId) => listing(pids.get(resourceId), 'cmdline'),
    async variablesOf(resourceId) {
      const lines = (await listing(pids.get(resourceId), 'environ')) ?? []
      return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      )
    },
    close,
  }
})

const order: LaunchOrder = {
  resourceId: 'one' as ResourceId,
  group: 'default',
  threads: 2,
  memoryMb: 512,
  groupProperties: {},
  url: 'thrift://127.0.0.1:1261',
  trusted: undefined,
  groupSecret: undefined,
}

test('one that dies is told of, with how, until it is released; closing ends the others', async () => {
  const { container, pids, door, changes, close } = await openLocal({ variables: { LAKE: 'blue' } })
  try {
    const comes = on(door, 'came', { signal: AbortSignal.timeout(WITHIN_MS) })
    await container.launch(order)
    await container.launch({ ...order, resourceId: 'two' as ResourceId })
    await comes.next()
    await comes.next()
    const [dying, other] = [pids.get('one') ?? 0, pids.get('two') ?? 0]
    const environment = (await readFile(`/proc/${other}/environ`, 'utf8')).split('\0')
    assert.ok(environment.includes('LAKE=blue') && environment.includes('MORAINE_LOG_LEVEL=warn'))
    assert.ok(!environment.some((line) => line.includes('the key of the service')))
    const changed = once(door, 'changed', { signal: AbortSignal.timeout(WITHIN_MS) })
    process.kill(dying, 'SIGKILL')
    await changed
    assert.deepEqual(await container.list(), [
      { resourceId: 'one', condition: 'gone', detail: 'its process ended: SIGKILL' },
      { resourceId: 'two', condition: 'running', detail: undefined },
    ])
    await container.release(order.resourceId)
    await until('the end of the one', async () => (await container.list()).length === 1)
    await container.close()
    assert.equal(exists(other), false)
    assert.equal(changes.count, 1, 'nobody is told of what was asked for')
    await assert.rejects(container.launch(order), { kind: 'unavailable', message: /is closed/ })
  } finally {
    await close()
  }
})

test('a program that is not there is said at once, and may be there later; one that cannot be is refused for good', async () => {
  const missing = await openLocal({ command: () => ['/no/such/program'] })
  await assert.rejects(missing.container.launch(order), { kind: 'unavailable', message: /one is not started/ })
  assert.deepEqual(await missing.container.list(), [])
  await missing.close()
  const never = await openLocal({ command: () => ['no\0program'] })
  await assert.rejects(never.container.launch(order), { kind: 'invalid-input', message: /null bytes/ })
  await never.close()
})
