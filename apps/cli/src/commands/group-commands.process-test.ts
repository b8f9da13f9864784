import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, startCli } from '../testing/start-cli.ts'

// A service that asks who sends requests, and optimizers that are started by hand for a group of its own.

const root = mkdtempSync(join(tmpdir(), 'moraine-groups-'))
const running: StartedCli[] = []
after(async () => {
  for (const each of running.toReversed()) await each.stop()
  rmSync(root, { recursive: true, force: true })
})

const PASSWORD = 'correct horse'
const env = {
  MORAINE_HTTP__SERVER_AUTHENTICATION: 'required',
  MORAINE_ADMIN__PASSWORD: PASSWORD,
}
const service = start(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', root], env)
const listening = await service.line(/moraine listens on/)
const server = /http:\/\/[^;, ]+/.exec(listening)?.[0] ?? ''
const url = `thrift://127.0.0.1:${/thrift port (\d+)/.exec(listening)?.[1]}`

function start(args: readonly string[], variables: Readonly<Record<string, string>> = {}): StartedCli {
  const started = startCli(args, variables)
  running.push(started)
  return started
}

async function group(...args: readonly string[]) {
  const credential = { MORAINE_SERVER: server, MORAINE_CREDENTIAL: `admin:${PASSWORD}` }
  const { code, out, err } = await runCli(['group', ...args], { env: credential })
  return { code, out, err }
}

test('a group is created, changed, listed and dropped', { timeout: 60_000 }, async () => {
  assert.equal((await group('create', 'etl', '--property', 'scheduling-policy=balanced')).out, 'group etl is created\n')
  const again = await group('create', 'etl')
  assert.notEqual(again.code, 0)
  assert.match(
    again.err,
    /resource group etl already exists; `moraine group set etl` changes it, or choose another name$/m,
  )
  const bad = await group('set', 'etl', '--property', 'windows=at night')
  assert.match(bad.err, /window 'at night'.*Europe\/Berlin/)
  const windows = '0 22 * * * for 6h Europe/Berlin'
  await group('set', 'etl', '--property', `windows=${windows}`, '--unset', 'scheduling-policy')
  assert.equal((await group('set', 'etl', '--property', `windows=${windows}`)).out, 'group etl is as it was\n')
  const unchanged = JSON.parse((await group('set', 'etl', '--unset', 'blackouts', '--json')).out)
  assert.deepEqual(unchanged, { group: 'etl', outcome: 'unchanged' })
  const listed = JSON.parse((await group('list', '--json')).out) as { resourceGroup: { name: string } }[]
  const etl = listed.find(({ resourceGroup }) => resourceGroup.name === 'etl')
  assert.deepEqual(etl?.resourceGroup, { name: 'etl', container: 'external', properties: { windows } })
  await group('create', 'gone')
  assert.equal((await group('drop', 'gone')).out, 'group gone is dropped\n')
  assert.match((await group('set', 'gone', '--unset', 'x')).err, /no resource group gone/)
})

test('an optimizer registers with the secret of its group, and not without', { timeout: 60_000 }, async () => {
  const { out } = await group('command', 'etl', '--threads', '1', '--json')
  const { command, environment } = JSON.parse(out) as { command: string[]; environment: Record<string, string> }
  assert.deepEqual(command, ['moraine', 'optimizer', '--url', url, '--group', 'etl', '--threads', '1'])
  const args = command.slice(1)
  const refused = await runCli(args)
  assert.notEqual(refused.code, 0)
  assert.match(refused.err, /the secret of resource group 'etl' is asked for/)
  const other = JSON.parse((await group('command', 'default', '--json')).out) as { environment: Record<string, string> }
  const foreign = await runCli(args, { env: other.environment })
  assert.match(foreign.err, /the secret of resource group 'etl' is another/)
  const optimizer = start(args, environment)
  await optimizer.line(/registered in group etl/)
  assert.match((await group('list')).out, /etl\s+external\s+1/)
  const optimizers = JSON.parse((await group('optimizers', 'etl', '--json')).out)
  const { token } = optimizers.optimizers[0]
  const kept = await group('release', token)
  assert.equal(kept.code, 1)
  assert.match(
    kept.err,
    /started by hand: .*`moraine group release \S+ --drain` has it take no more tasks from now on$/m,
  )
  assert.equal((await group('release', token, '--drain')).code, 0)
  await optimizer.line(new RegExp(`^optimizer etl/${token}: no more tasks are taken, .*: somebody had it drained`))
  const text = (await group('command', 'etl')).out
  assert.match(text, /^MORAINE_GROUP_SECRET=\S{43} moraine optimizer --url thrift:/)
})
