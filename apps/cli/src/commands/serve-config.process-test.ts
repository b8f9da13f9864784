import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// What is configured holds: file, then environment, then command line; and what has no effect is said.

const root = mkdtempSync(join(tmpdir(), 'moraine-config-'))
after(() => rmSync(root, { recursive: true, force: true }))

const at = (name: string) => join(root, name)
const hasState = (name: string) => existsSync(join(at(name), 'moraine.db'))

function configFile(name: string, lines: readonly string[]): string {
  writeFileSync(at(name), `ams:\n${lines.map((line) => `  ${line}\n`).join('')}`)
  return at(name)
}

const ports = ['http-server.bind-port: 0', 'thrift-server.optimizing-service.bind-port: 0']

test('the file is read, the environment wins over it, and an unknown key is named', { timeout: 60_000 }, async () => {
  const file = configFile('one.yaml', [...ports, `data-dir: ${at('of-file')}`, 'optimizer.heart-beat-timeuot: 90s'])
  const service = startCli(['serve', '--config', file, '--no-sample'], { MORAINE_DATA__DIR: at('of-environment') })
  try {
    assert.match(
      await service.line(/^warning: /),
      /one\.yaml: optimizer\.heart-beat-timeuot is unknown; is optimizer\.heart-beat-timeout meant\?/,
    )
    const answer = await fetch(`${await serviceUrl(service)}/health`)
    assert.equal(answer.status, 200)
  } finally {
    assert.equal(await service.stop(), 0)
  }
  assert.deepEqual([hasState('of-file'), hasState('of-environment')], [false, true])
})

test('options win over both', { timeout: 60_000 }, async () => {
  const file = configFile('two.yaml', [ports[1] ?? '', 'http-server.bind-port: 1', `data-dir: ${at('of-file')}`])
  const args = ['serve', '--config', file, '--port', '0', '--data-dir', at('of-option')]
  const service = startCli(args, { MORAINE_DATA__DIR: at('of-nobody') })
  try {
    assert.doesNotMatch(await serviceUrl(service), /:1$/)
  } finally {
    assert.equal(await service.stop(), 0)
  }
  assert.deepEqual([hasState('of-file'), hasState('of-nobody'), hasState('of-option')], [false, false, true])
})

test('a wrong value is wrong usage, a file that is not there a failure; neither starts anything', async () => {
  const file = configFile('wrong.yaml', ['optimizer.polling-timeout: soon', `data-dir: ${at('never')}`])
  const wrong = await runCli(['serve', '--config', file])
  assert.deepEqual([wrong.code, wrong.out], [2, ''])
  assert.match(wrong.err, /wrong\.yaml: setting optimizer\.polling-timeout is 'soon'.*duration such as 30s/)
  const variable = await runCli(['serve', '--config', configFile('empty.yaml', [])], {
    env: { MORAINE_HTTP__SERVER_BIND__PORT: 'http', MORAINE_DATA__DIR: at('never') },
  })
  assert.equal(variable.code, 2)
  assert.match(variable.err, /variable MORAINE_HTTP__SERVER_BIND__PORT: .*whole number from 0 to 65535/)
  const missing = await runCli(['serve', '--config', at('none.yaml')])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /reading the configuration .*none\.yaml failed: ENOENT/)
  assert.equal(hasState('never'), false)
})

test('several servers cannot share a file: ha.enabled with sqlite is refused before anything starts', async () => {
  const file = configFile('shared.yaml', [...ports, 'ha.enabled: true', `data-dir: ${at('of-several')}`])
  const { code, out, err } = await runCli(['serve', '--config', file])
  assert.deepEqual([code, out], [2, ''])
  assert.match(
    err,
    /ha\.enabled is true and database\.type is sqlite, a file that one server has to itself: set database/,
  )
  assert.equal(hasState('of-several'), false)
})
