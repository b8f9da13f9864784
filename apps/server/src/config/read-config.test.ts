import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { BUILT_IN_CONTAINERS } from './container-config.ts'
import { DEFAULT_SETTINGS } from './default-settings.ts'
import { readConfig } from './read-config.ts'
import { settingsDocument } from './settings-document.ts'

async function read(yaml: string | undefined, environment: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-config-'))
  const file = join(directory, 'config.yaml')
  try {
    if (yaml !== undefined) writeFileSync(file, yaml)
    const config = await readConfig(yaml === undefined ? undefined : file, environment)
    return { ...config, warnings: config.warnings.map((warning) => warning.replace(file, 'FILE')) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const refused = (pattern: RegExp) => (error: unknown) => isKind(error, 'invalid-input') && pattern.test(error.message)

test('without anything the defaults of Amoro hold', async () => {
  const { values, warnings } = await read(undefined)
  assert.deepEqual(
    [values.host, values.httpPort, values.thriftPort, values.dataDir],
    ['127.0.0.1', 1630, 1261, '.moraine'],
  )
  assert.deepEqual(DEFAULT_SETTINGS.deadlines, {
    heartbeatTimeoutMs: 60_000,
    ackTimeoutMs: 30_000,
    executeTimeoutMs: 3_600_000,
  })
  assert.deepEqual(warnings, [])
})

test("Amoro's file is read, as a tree or with dots, in its units", async () => {
  const { values, containers, warnings } = await read(`
ams:
  server-bind-host: "0.0.0.0"
  http-server:
    bind-port: 8080
  optimizer.heart-beat-timeout: 90 s
  optimizer:
    task-ack-timeout: 1500
  self-optimizing:
    runtime-data-keep-days: 7
    break-quota-limit-enabled: FALSE
containers:
  - name: localContainer
    container-impl: org.apache.amoro.server.manager.LocalOptimizerContainer
    properties:
      export.JAVA_HOME: /opt/java
`)
  assert.deepEqual(containers, [
    { name: 'localContainer', kind: 'local', properties: { 'export.JAVA_HOME': '/opt/java' } },
    ...BUILT_IN_CONTAINERS,
  ])
  assert.deepEqual(
    [
      values.host,
      values.httpPort,
      values.heartbeatTimeoutMs,
      values.ackTimeoutMs,
      values.historyKeepMs,
      values.breaksQuota,
    ],
    ['0.0.0.0', 8080, 90_000, 1500, 604_800_000, false],
  )
  assert.deepEqual(warnings, [])
})

test('variables of the environment win over the file, ours over those of Amoro', async () => {
  const environment = {
    AMS_HTTP__SERVER_BIND__PORT: '1111',
    AMS_OPTIMIZER_POLLING__TIMEOUT: '5s',
    MORAINE_HTTP__SERVER_BIND__PORT: '2222',
    MORAINE_LOG_LEVEL: 'debug',
    MORAINE_SECRET_KEY: 'of no concern here',
    PATH: '/bin',
  }
  const { values, warnings } = await read('ams: {http-server: {bind-port: 8080}}', environment)
  assert.deepEqual([values.httpPort, values.pollTimeoutMs], [2222, 5000])
  assert.deepEqual(warnings, [])
})

test('what stands beside the settings, and is none of the rooms there are, is named', async () => {
  const { warnings } = await read('{ams: {}, optimizer: {heart-beat-timeout: 1min}, containrs: [], other: 1}')
  assert.deepEqual(warnings, [
    "FILE: optimizer stands beside 'ams:' and has no effect; it belongs below it",
    'FILE: containrs is unknown; is containers meant?',
    'FILE: other is unknown',
  ])
})

test('an unknown key is named with the nearest known one, and one without effect is named too', async () => {
  const { warnings } = await read('ams: {optimizer: {heart-beat-timeuot: 1s}, terminal: {backend: local}, x: {y: 1}}')
  assert.deepEqual(warnings, [
    'FILE: optimizer.heart-beat-timeuot is unknown; is optimizer.heart-beat-timeout meant?',
    'FILE: terminal.backend has no effect in this version',
    'FILE: x.y is unknown',
  ])
})

test('a wrong value is refused with its place and what it should be', async () => {
  await assert.rejects(
    read('ams: {http-server.bind-port: 99999}'),
    refused(/config.yaml: .*whole number from 0 to 65535/),
  )
  await assert.rejects(read('ams: {optimizer.polling-timeout: soon}'), refused(/duration such as 30s/))
  await assert.rejects(read('ams: {optimizer.polling-timeout: 1m}'), refused(/'1m'/))
  for (const short of ['runtime-data-keep-time: 5min', 'runtime-data-keep-days: 0']) {
    const wrong = read(`ams: {self-optimizing.${short}}`)
    await assert.rejects(wrong, refused(/runtime-data-keep-time is '.*': it must be at least 1 h/))
  }
  for (const proxies of [
    'proxy.example',
    '10.0.0.0/0',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.1/',
    'loopback',
    '1.2.3.4/5/6',
  ]) {
    const wrong = read(`ams: {http-server.trusted-proxies: "10.0.0.1, ${proxies}"}`)
    await assert.rejects(wrong, refused(/trusted-proxies is .*: it must be addresses and networks/))
  }
  const { values } = await read('ams: {http-server.trusted-proxies: " 10.0.0.1,fd00::/8, "}')
  assert.deepEqual(values.trustedProxies, ['10.0.0.1', 'fd00::/8'])
  const environment = { AMS_SELF__OPTIMIZING_BREAK__QUOTA__LIMIT__ENABLED: 'maybe' }
  await assert.rejects(read(undefined, environment), refused(/variable AMS_SELF.*true or false/))
  await assert.rejects(read('ams: [1, 2'), refused(/not valid YAML/))
  await assert.rejects(read('- a'), refused(/must be a tree/))
  await assert.rejects(read('ams: {http-server: [1]}'), refused(/ams.http-server must be a single value/))
  const misplaced = refused(/'containers:' stands below 'ams:'; it belongs beside it/)
  await assert.rejects(read('ams: {containers: [{name: small, container-impl: local}]}'), misplaced)
})

test('a file that cannot be read is named with what its system says', async () => {
  const named = (file: string) => (error: unknown) => isKind(error, 'not-found') && error.message.includes(file)
  await assert.rejects(readConfig('/no/such/config.yaml', {}), named('/no/such/config.yaml'))
  await assert.rejects(readConfig(tmpdir(), {}), (error) => named(tmpdir())(error) && /EISDIR/.test(String(error)))
})

test('an empty file is an empty configuration', async () => {
  assert.equal((await read('')).values.httpPort, 1630)
})

test('docs/specs/settings.md is what the settings say', () => {
  const file = readFileSync(new URL('../../../../docs/specs/settings.md', import.meta.url), 'utf8')
  assert.equal(
    file,
    settingsDocument(),
    'run: node scripts/node.mjs --conditions=development scripts/write-settings.ts',
  )
})
