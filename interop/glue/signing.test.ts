import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { awsCredentials } from '@moraine/catalogs/aws/aws-credentials-provider'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { installBoto3, runBoto3, startMoto, stopMoto } from '../lab/moto.ts'

// What a REST catalog sends when it signs, as AWS's own Python client would sign the same requests.

const SECRET = 'labsecret/with+signs=='
const NAMES = ['plain', 'with space', 'a+b&c=d', 'percent%2Fescaped', 'dots.in.name', '表・テーブル', "it's *odd*~(1)"]
const python = fileURLToPath(new URL('../lab/moto_signature.py', import.meta.url))

test('every request has the signature that botocore gives it', (context) => {
  const boto3 = installBoto3()
  if (boto3.kind === 'unavailable') return context.skip(boto3.why)
  return compareSignatures()
})

test('a role is assumed at STS', async (context) => {
  const name = `role-${process.pid}`
  const moto = startMoto(name)
  if (moto.kind === 'unavailable') return context.skip(moto.why)
  context.after(() => stopMoto(name))
  const arn = 'arn:aws:iam::123456789012:role/lab'
  const role = { arn, externalId: 'x', sessionName: 'lab', durationSeconds: 900, tags: [{ key: 'a', value: 'b' }] }
  const credentials = { accessKeyId: 'lab', secretAccessKey: SECRET }
  const ask = awsCredentials(
    { kind: 'role', role, base: { kind: 'static', credentials } },
    { region: 'us-east-1', environment: { AWS_ENDPOINT_URL_STS: moto.engine.endpoint }, clock: systemClock },
  )
  const { accessKeyId, sessionToken, expiration } = await ask()
  assert.match(accessKeyId, /^ASIA/)
  assert.ok(sessionToken !== undefined && expiration !== undefined && expiration.getTime() > systemClock.now())
})

async function compareSignatures(): Promise<void> {
  const sent: { method: string; url: string; headers: Record<string, string>; body: string; secret: string }[] = []
  const send: typeof fetch = async (input, init) => {
    const url = input instanceof URL ? input.href : ''
    const headers = Object.fromEntries(new Headers(init?.headers))
    const body = typeof init?.body === 'string' ? init.body : ''
    sent.push({ method: init?.method ?? '', url, headers, body, secret: SECRET })
    const answer =
      '{"defaults":{},"overrides":{"prefix":"arn%3Aaws%3As3tables%3Aeu-west-1%3A1%3Abucket%2Fb"},"namespaces":[]}'
    return new Response(answer, { headers: { 'content-type': 'application/json' } })
  }
  const catalog = await openRestCatalog({
    name: 'signed',
    properties: {
      uri: 'https://s3tables.eu-west-1.amazonaws.com/iceberg',
      warehouse: 'arn:aws:s3tables:eu-west-1:1:bucket/my bucket',
      'rest.auth.type': 'sigv4',
      'rest.signing-name': 's3tables',
      'rest.signing-region': 'eu-west-1',
      'rest.access-key-id': 'lab',
      'rest.secret-access-key': SECRET,
      'rest.session-token': 'token/with+signs==',
      token: 'below the signature',
      'header.X-Team': '  blue  and   green ',
    },
    clock: systemClock,
    fetch: send,
  })
  for (const name of NAMES) {
    const table = { namespace: [name, 'inner'], name }
    await catalog.createNamespace([name], { key: name })
    await catalog.listNamespaces([name], `page ${name}`)
    await catalog.dropTable(table)
  }
  assert.equal(sent.length, 1 + 3 * NAMES.length)
  const wanted: unknown = JSON.parse(runBoto3([python], JSON.stringify(sent)))
  assert.deepEqual(
    sent.map(({ headers }) => headers['authorization']),
    wanted,
  )
}
