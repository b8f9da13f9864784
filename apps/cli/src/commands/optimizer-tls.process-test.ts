import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import type { OptimizerEntry } from '@moraine/client/group-optimizers-api'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { eventually } from '@moraine/testkit/eventually'
import { freePort } from '@moraine/testkit/free-port'
import { type TestCertificate, testAuthority } from '@moraine/testkit/test-authority'
import { appendOrders, createLakeTable, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// A service whose port for optimizers is with TLS: who comes in, who does not and why, and a certificate that is renewed.

const authority = testAuthority()
const options = { skip: authority === undefined && 'there is no openssl', timeout: 120_000 }
const root = mkdtempSync(join(tmpdir(), 'moraine-tls-'))
const dataDir = join(root, 'data')
mkdirSync(dataDir)
const port = await freePort()
const url = `thrifts://localhost:${port}`
const [certificateFile, keyFile, caFile] = ['certificate.pem', 'key.pem', 'ca.pem'].map((name) => join(root, name))
const config = join(root, 'config.yaml')
writeFileSync(
  config,
  [
    'ams:',
    `  data-dir: ${dataDir}`,
    '  server-expose-host: localhost',
    '  http-server.bind-port: 0',
    '  thrift-server.optimizing-service:',
    `    bind-port: ${port}`,
    '    tls:',
    `      certificate-file: ${certificateFile}`,
    `      key-file: ${keyFile}`,
    `      ca-file: ${caFile}`,
    '  refresh-external-catalogs.interval: 500ms',
    '  refresh-tables.interval: 200ms',
    '  refresh-tables.max-interval: 200ms',
    '',
  ].join('\n'),
)
const warehouse = join(root, 'warehouse')
const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
await stores.catalogs.saveCatalog({ name: 'disk', type: 'hadoop', properties: { warehouse } })
await close()
const table = await createLakeTable(warehouse, { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)

const started: StartedCli[] = []
after(async () => {
  for (const each of started.toReversed()) await each.stop()
  rmSync(root, { recursive: true, force: true })
})

function start(...args: readonly string[]): StartedCli {
  const one = startCli(args)
  started.push(one)
  return one
}

function install({ certificate, key }: TestCertificate): void {
  writeFileSync(String(certificateFile), certificate)
  writeFileSync(String(keyFile), key)
}

function issued(name: string): TestCertificate {
  assert.ok(authority)
  writeFileSync(String(caFile), authority.certificate)
  return authority.issue([`DNS:${name}`])
}

/** The certificate that is shown to whoever comes now. */
async function shown(): Promise<string> {
  const socket = connect({ host: 'localhost', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

let service: StartedCli | undefined
let server = ''
const group = (...args: readonly string[]) => runCli(['group', ...args], { env: { MORAINE_SERVER: server } })

async function becomesOneFile(): Promise<void> {
  await eventually('the files become one', async () => {
    const { metadata } = await table.load()
    return currentSnapshot(metadata)?.summary['total-data-files'] === '1' ? true : undefined
  })
}

test('a key that does not fit is refused at the start', options, async () => {
  install({ ...issued('localhost'), key: issued('localhost').key })
  const { code, err } = await runCli(['serve', '--config', config])
  assert.equal(code, 2)
  assert.match(err, /the key of thrift-server\.optimizing-service\.tls\.key-file, \S+, is not that of the certificate/)
})

test('the address says that it is with TLS, wherever it is told', options, async () => {
  install(issued('localhost'))
  service = start('serve', '--config', config)
  server = await serviceUrl(service)
  await service.line(new RegExp(`for optimizers on thrift port ${port} with TLS \\(${url}\\);`))
  assert.match((await group('command', 'default')).out, new RegExp(`moraine optimizer --url ${url} `))
})

test('an optimizer without TLS, or without trust, says what to do, and goes on trying', options, async () => {
  const plain = start('optimizer', '--url', `thrift://localhost:${port}`)
  await plain.line(/service is not reached: .*speaks TLS: write thrifts:\/\/ in --url.*; it is tried until it answers$/)
  await service?.line(/a client speaks no TLS, and the port for optimizers is with it: start it with --url thrifts:/)
  const distrusting = start('optimizer', '--url', url)
  const distrust = `cannot connect to localhost:${port} with TLS: its certificate is not trusted \\(.*\\); name the PEM`
  await distrusting.line(new RegExp(`${distrust} file of who issued it with --ca-file; it is tried until it answers$`))
  const other = start('optimizer', '--url', `thrifts://127.0.0.1:${port}`, '--ca-file', String(caFile))
  await other.line(/certificate is not for that name \(it is for DNS:localhost\); write a name in --url that it is for/)
  for (const each of [plain, distrusting, other]) assert.equal(await each.stop(), 0)
})

test('one with both works, also when the certificate is renewed', options, async () => {
  const optimizer = start('optimizer', '--url', url, '--ca-file', String(caFile), '--threads', '1', '--memory', '128')
  await optimizer.line(/registered in group default/)
  for (const at of [0, 1, 2]) await appendOrders(table, at)
  await becomesOneFile()

  const renewed = issued('localhost')
  install(renewed)
  const { fingerprint256 } = new X509Certificate(renewed.certificate)
  await eventually('the new one is shown', async () => ((await shown()) === fingerprint256 ? true : undefined))
  for (const at of [3, 4]) await appendOrders(table, at)
  await becomesOneFile()
})

test('one that the service launches trusts what it is told to', options, async () => {
  assert.equal((await group('create', 'etl', '--container', 'local')).code, 0)
  assert.equal((await group('scale', 'etl', '--threads', '1')).code, 0)
  const { container } = await eventually('an optimizer of etl', async () => {
    const { optimizers } = JSON.parse((await group('optimizers', 'etl', '--json')).out)
    return (optimizers as readonly OptimizerEntry[])[0]
  })
  assert.equal(container, 'local')
})
