import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { eventually } from '@moraine/testkit/eventually'
import { childEnvironment, DuckDbChild } from './duckdb-child.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-child-'))
const never = new AbortController().signal
after(() => rmSync(root, { recursive: true, force: true }))

async function openChild(
  name: string,
  silenceMs = 30_000,
): Promise<{ child: DuckDbChild; directory: string; pid: number }> {
  const child = new DuckDbChild({ clock: systemClock, silenceMs, graceMs: 300 })
  const directory = join(root, name)
  mkdirSync(join(directory, 'spill'), { recursive: true })
  await child.command({ kind: 'open', taskDirectory: directory, memoryLimitBytes: 128 * 1024 * 1024 }, never)
  return { child, directory, pid: child.pid ?? 0 }
}

test('a child whose event loop hangs is killed', async () => {
  const { child, pid } = await openChild('hung', 2_000)
  process.kill(pid, 'SIGSTOP')
  await assert.rejects(
    child.command({ kind: 'query', sql: 'SELECT 1' }, never),
    (error) => isKind(error, 'unavailable') && /silent for 2000 ms/.test(error.message),
  )
  assert.equal(child.isAlive, false)
})

test('a child that does not obey an interruption in time is killed', async () => {
  const { child, pid } = await openChild('deaf')
  const stop = new AbortController()
  process.kill(pid, 'SIGSTOP')
  const reason = new MoraineError('aborted', 'cancelled by a test')
  const running = child.command({ kind: 'query', sql: 'SELECT 1' }, stop.signal)
  stop.abort(reason)
  await assert.rejects(running, reason)
  await child.kill()
})

test('only a child that was killed is taken for a sign of too little memory', async () => {
  const ends = { SIGTERM: /ended: SIGTERM\. Its task can be tried again$/, SIGKILL: /the machine may lack memory$/ }
  for (const [signal, message] of Object.entries(ends)) {
    const { child, pid } = await openChild(signal)
    const running = child.command({ kind: 'query', sql: 'SELECT count(*) FROM range(1000000000000)' }, never)
    process.kill(pid, signal)
    await assert.rejects(running, message)
  }
})

test('a child that is interrupted by a terminal while it still loads goes on', async () => {
  const hooks = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === '@duckdb/node-api') process.kill(process.pid, 'SIGINT')
        return next(specifier, context)
      },
    })`
  const child = fork(fileURLToPath(new URL('./child-main.ts', import.meta.url)), {
    execArgv: ['--conditions=development', `--import=data:text/javascript,${encodeURIComponent(hooks)}`],
    serialization: 'advanced',
  })
  const ended = once(child, 'exit').then(([code, signal]) => assert.fail(`it ended: ${signal ?? code}`))
  const [message] = await Promise.race([once(child, 'message'), ended])
  assert.deepEqual(message, { type: 'ready' })
  child.removeAllListeners('exit')
  child.kill('SIGKILL')
})

test('exhausted memory is an error of the statement, not the end of the child', async () => {
  const { child } = await openChild('memory')
  const sql = "SELECT length(string_agg(repeat('x', 1000), '')) FROM range(10000000)"
  await assert.rejects(child.command({ kind: 'query', sql }, never), (error) => isKind(error, 'exhausted'))
  assert.deepEqual(await child.command({ kind: 'query', sql: 'SELECT 1 AS one' }, never), [{ one: 1 }])
  await child.kill()
})

test('the environment of a child holds no secret', { skip: process.platform !== 'linux' }, async () => {
  process.env['AWS_SECRET_ACCESS_KEY'] = 'not for children'
  const { child, pid } = await openChild('environment')
  delete process.env['AWS_SECRET_ACCESS_KEY']
  assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /AWS_|not for children/)
  await child.kill()
  assert.deepEqual(childEnvironment({ PATH: '/bin', TOKEN: 'x', LANG: undefined }), { PATH: '/bin' })
})

test('a child dies with its parent and takes its task directory along', async () => {
  const directory = join(root, 'orphan')
  const module = fileURLToPath(new URL('./duckdb-child.ts', import.meta.url))
  const program = `
    import { mkdirSync } from 'node:fs'
    import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
    import { DuckDbChild } from ${JSON.stringify(module)}
    const child = new DuckDbChild({ clock: systemClock, silenceMs: 30000, graceMs: 300 })
    mkdirSync(${JSON.stringify(join(directory, 'spill'))}, { recursive: true })
    const never = new AbortController().signal
    await child.command({ kind: 'open', taskDirectory: ${JSON.stringify(directory)}, memoryLimitBytes: 1e8 }, never)
    console.log(child.pid)
    await child.command({ kind: 'query', sql: 'SELECT count(*) FROM range(1000000000000)' }, never)`
  const parent = spawn(process.execPath, ['--conditions=development', '--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await firstLine(parent)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await eventually(`the end of process ${pid}`, () => (isAlive(pid) ? undefined : pid))
  assert.equal(existsSync(directory), false)
})

async function firstLine(parent: ChildProcess): Promise<number> {
  let text = ''
  for await (const chunk of parent.stdout ?? []) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return Number(text)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
