import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { OptimizerEntry, ResourceEntry } from '@moraine/client/group-optimizers-api'
import { eventually } from '@moraine/testkit/eventually'
import { descendants } from '../testing/process-tree.ts'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// Real optimizers that the service launches beside itself, for two groups; the sample's table is written to all the time.

const root = mkdtempSync(join(tmpdir(), 'moraine-optimizers-'))
const started: StartedCli[] = []
after(async () => {
  for (const each of started) await each.stop()
  rmSync(root, { recursive: true, force: true })
})

const WITHIN_MS = 60_000

async function start() {
  const service = startCli(['start', '--port', '0', '--thrift-port', '0', '--data-dir', root])
  started.push(service)
  return { service, env: { MORAINE_SERVER: await serviceUrl(service) } }
}

let { service, env } = await start()

async function group(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runCli(['group', ...args], { env })
  assert.equal(code, 0, err)
  return out
}

type Shown = { readonly optimizers: readonly OptimizerEntry[]; readonly resources: readonly ResourceEntry[] }

async function shown(name: string): Promise<Shown> {
  return JSON.parse(await group('optimizers', name, '--json')) as Shown
}

/** The one optimizer of the group, once it is another than this. */
function registered(name: string, before?: string): Promise<OptimizerEntry> {
  const find = async () => (await shown(name)).optimizers.find(({ jobId }) => jobId !== before)
  return eventually(`an optimizer of ${name}`, find, WITHIN_MS)
}

async function resourceOf(name: string, id: string): Promise<ResourceEntry | undefined> {
  return (await shown(name)).resources.find(({ resourceId }) => resourceId === id)
}

/** The processes of optimizers of a group, without what they have started themselves. */
function processesOf(name: string) {
  const of = descendants(service.child.pid ?? 0)
  return of.filter(({ command }) => command.includes(' optimizer ') && command.includes(`--group ${name}`))
}

test('a group is scaled out beside the one that has its minimum', { timeout: 120_000 }, async () => {
  await group('create', 'etl', '--container', 'local')
  assert.match(await group('scale', 'etl', '--threads', '1'), /1 thread is requested for group etl/)
  const [first, other] = [await registered('default'), await registered('etl')]
  assert.deepEqual([first.coreNumber, other.coreNumber], [2, 1])
  assert.deepEqual([processesOf('default').length, processesOf('etl').length], [1, 1])
  const resource = await resourceOf('etl', other.jobId)
  assert.deepEqual([resource?.status, resource?.container, resource?.optimizers], ['launched', 'local', [other.token]])
  assert.match((await resourceOf('default', first.jobId))?.requestReason ?? '', /0 of at least 2 threads/)
  const refused = await runCli(['group', 'drop', 'etl'], { env })
  assert.match(refused.err, /is in use/)
})

test('one that is killed is replaced where a minimum is kept, and shown with how it ended', {
  timeout: 120_000,
}, async () => {
  const { jobId } = await registered('default')
  const [victim] = processesOf('default')
  assert.ok(victim)
  process.kill(victim.pid, 'SIGKILL')
  await registered('default', jobId)
  const ended = await resourceOf('default', jobId)
  assert.deepEqual([ended?.status, ended?.isFailure], ['ended', true])
  assert.match(ended?.endReason ?? '', /its process ended: SIGKILL/)
  assert.match(await group('optimizers', 'default'), /failed: its process ended: SIGKILL/)
})

test('one that is released ends its tasks; the sample goes on with the next', { timeout: 180_000 }, async () => {
  await service.line(/task \d+\/1: done/)
  const { jobId } = await registered('default')
  await group('release', jobId)
  await registered('default', jobId)
  const released = await eventually('the end of the released', async () => {
    const resource = await resourceOf('default', jobId)
    return resource?.status === 'ended' ? resource : undefined
  })
  assert.match(released.endReason ?? '', /^released by /)
  assert.equal(released.isFailure, false)
  const { jobId: other } = await registered('etl')
  await group('release', other)
  await eventually('the end of the other', async () => (processesOf('etl').length === 0 ? true : undefined), WITHIN_MS)
  await service.line(/rows before and after are the same/)
})

test('with a service that is killed its optimizers go; the next one tells so, and has its own', {
  timeout: 120_000,
}, async () => {
  const { jobId } = await registered('default')
  const left = processesOf('default').map(({ pid }) => pid)
  service.child.kill('SIGKILL')
  await once(service.child, 'exit')
  const isThere = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  await eventually('their end', () => (left.some(isThere) ? undefined : true), WITHIN_MS)
  ;({ service, env } = await start())
  await registered('default', jobId)
  const resource = await resourceOf('default', jobId)
  assert.deepEqual([resource?.status, resource?.isFailure], ['ended', false])
  assert.match(resource?.endReason ?? '', /it went with an earlier run of the service/)
})
