import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { type MoraineService, moraine, startService } from '../lab/moraine.ts'
import { installBoto3 } from '../lab/moto.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { registerExternal } from '../lab/register-external.ts'
import { type RestServer, startRestServer } from '../lab/rest-server.ts'
import { pyIcebergWriter } from './pyiceberg-writer.ts'
import { referenceServerConformance } from './reference-server-conformance.ts'
import { type S3TablesGateway, startS3TablesGateway } from './s3-tables-gateway.ts'
import { writeBesideOptimizing } from './write-beside-optimizing.ts'

// S3 Tables, as far as it can be had without AWS: the reference server behind a gateway that lets nothing through that is not
// signed as AWS wants it, with the bucket in each path as S3 Tables has it. The conformance suite goes through it, and the
// service, optimizing a table that PyIceberg writes through it with AWS's own signatures.

const ACCOUNT = {
  accessKeyId: 'AKIALAB',
  secretAccessKey: 'lab/secret+with=signs',
  region: 'us-east-1',
  service: 's3tables',
}
const SIGNED = {
  'rest.sigv4-enabled': 'true',
  'rest.signing-name': ACCOUNT.service,
  'rest.signing-region': ACCOUNT.region,
  'rest.access-key-id': ACCOUNT.accessKeyId,
  'rest.secret-access-key': ACCOUNT.secretAccessKey,
}

const server = startRestServer(`s3-tables-${process.pid}`)
const boto3 = installBoto3()
if (boto3.kind === 'started') process.env['PYTHONPATH'] = boto3.engine
const pyiceberg = await startPyIceberg()
const home = mkdtempSync(`${tmpdir()}/moraine-s3-tables-`)
after(() => {
  if (server.kind === 'started') server.engine.stop()
  rmSync(home, { recursive: true, force: true })
})

if (server.kind === 'started' && boto3.kind === 'started' && pyiceberg.kind === 'started') {
  const { engine } = pyiceberg
  const gateway = await startS3TablesGateway(server.engine.properties['uri'] ?? '', ACCOUNT)
  const service = await startService(`${home}/service`)
  after(async () => {
    await service.stop()
    await engine.stop()
    await gateway.close()
  })
  const lab: Lab = { server: server.engine, gateway, service, engine }
  referenceServerConformance('signed catalog', server.engine, { ...SIGNED, uri: gateway.url })
  test('PyIceberg writes throughout optimizing', { timeout: 300_000 }, (context) => throughout(context, lab))
  test('what is signed otherwise is refused, and why is said', () => refused(lab))
} else {
  const missing = [server, boto3, pyiceberg].find((started) => started.kind === 'unavailable')
  test('S3 Tables', (context) => context.skip(missing?.kind === 'unavailable' ? missing.why : ''))
}

type Lab = {
  readonly server: RestServer
  readonly gateway: S3TablesGateway
  readonly service: MoraineService
  readonly engine: PyIceberg
}

async function throughout(context: TestContext, { server, gateway, service, engine }: Lab): Promise<void> {
  const keys = { 'client.access-key-id': ACCOUNT.accessKeyId, 'client.secret-access-key': ACCOUNT.secretAccessKey }
  await engine.addCatalog('far', { type: 'rest', uri: gateway.url, ...SIGNED, ...keys })
  const writer = await pyIcebergWriter(engine, ['far', 'db', 'events'])
  const folders = server.warehouse.replace(/^file:/, '')
  await registerExternal(service, 'far', 'rest', { uri: gateway.url, ...SIGNED, 'local.folders': folders })
  const read = (snapshotId: bigint) => engine.readRows({ table: ['far', 'db', 'events'], snapshotId })
  const place = { url: `${server.properties['uri']}/v1` }
  await writeBesideOptimizing(context, service, ['db', 'events'], writer, read, { catalog: 'far', place })
  context.diagnostic(`let through: ${JSON.stringify(Object.fromEntries(gateway.passed))}`)
}

async function refused({ gateway, service }: Lab): Promise<void> {
  const wrong = [
    [{ 'rest.secret-access-key': 'not/the+secret' }, /does not match the signature you provided/],
    [{ 'rest.access-key-id': 'AKIAOTHER' }, /security token included in the request is invalid/],
    [{ 'rest.signing-name': 'glue' }, /scoped to correct service: 's3tables'/],
    [{ 'rest.signing-region': 'eu-west-1' }, /scoped to a valid region/],
    [{ 'rest.sigv4-enabled': 'false' }, /Missing Authentication Token/],
  ] as const
  for (const [change, why] of wrong) {
    const given = Object.entries({ uri: gateway.url, ...SIGNED, ...change }).map(([key, value]) => `${key}=${value}`)
    const args = ['catalog', 'register', 'wrong', '--type', 'rest', '--property', ...given, '--server', service.url]
    const { code, stdout, stderr } = await moraine(args)
    assert.equal(code, 1)
    assert.match(stdout, /can be reached +failed .*\b403\b/)
    assert.match(stdout, why)
    assert.ok(!`${stdout}${stderr}`.includes('secret'), stdout)
  }
}
