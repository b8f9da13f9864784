import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { roleAssumer } from './assume-role.ts'
import { awsCredentials } from './aws-credentials-provider.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const ARN = 'arn:aws:iam::123456789012:role/reader'

const asked: { readonly form: URLSearchParams; readonly authorization: string }[] = []
let answer: { readonly status: number; readonly xml: string } = { status: 200, xml: '' }
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const authorization = request.headers.authorization ?? ''
    asked.push({ form: new URLSearchParams(Buffer.concat(chunks).toString()), authorization })
    response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.xml)
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const AWS_ENDPOINT_URL_STS = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
after(() => {
  server.closeAllConnections()
  server.close()
})

const given = (id: string, minutes: number) => ({
  status: 200,
  xml: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s/${id}</SecretAccessKey><SessionToken>t/${id}==</SessionToken><Expiration>${new Date(START + minutes * 60_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
})

function role(externalId?: string) {
  let now = START
  const base = { accessKeyId: 'mine', secretAccessKey: 'hunter2' }
  const ask = awsCredentials(
    {
      kind: 'role',
      role: {
        arn: ARN,
        externalId,
        sessionName: 'moraine',
        durationSeconds: 900,
        tags: [{ key: 'team', value: 'blue' }],
      },
      base: { kind: 'static', credentials: base },
    },
    {
      region: 'eu-west-1',
      environment: { AWS_ENDPOINT_URL_STS },
      clock: { ...systemClock, now: () => now as EpochMs },
    },
  )
  return { ask, at: (minutes: number) => (now = START + minutes * 60_000) }
}

test('a role is asked for once, and again five minutes before its credentials end', async () => {
  asked.length = 0
  const { ask, at } = role('from outside')
  answer = given('A', 15)
  const [first, second] = await Promise.all([ask(), ask()])
  assert.deepEqual(first, {
    accessKeyId: 'A',
    secretAccessKey: 's/A',
    sessionToken: 't/A==',
    expiration: new Date(START + 15 * 60_000),
  })
  assert.equal(first, second)
  at(9)
  await ask()
  assert.equal(asked.length, 1)
  assert.deepEqual(Object.fromEntries(asked[0]?.form ?? []), {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: ARN,
    RoleSessionName: 'moraine',
    DurationSeconds: '900',
    ExternalId: 'from outside',
    'Tags.member.1.Key': 'team',
    'Tags.member.1.Value': 'blue',
  })
  assert.match(asked[0]?.authorization ?? '', /Credential=mine\/20260101\/eu-west-1\/sts\/aws4_request/)
  answer = given('B', 30)
  at(10)
  assert.equal((await ask()).accessKeyId, 'B')
})

test('a session takes its policy along, and STS has to answer in time', async () => {
  asked.length = 0
  const base = async () => ({ accessKeyId: 'mine', secretAccessKey: 'hunter2' })
  const session = { arn: ARN, externalId: undefined, sessionName: 'ann', durationSeconds: 900, tags: [], policy: '{}' }
  const deps = { region: 'eu-west-1', environment: {}, clock: { ...systemClock, now: () => START as EpochMs } }
  answer = given('C', 15)
  const credentials = await roleAssumer(base, { ...deps, endpoint: AWS_ENDPOINT_URL_STS })(session)
  assert.equal(credentials.accessKeyId, 'C')
  assert.equal(asked[0]?.form.get('Policy'), '{}')
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const bound = silent.address()
  const endpoint = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`
  const late = roleAssumer(base, { ...deps, endpoint, timeoutMs: 50 })(session)
  await assert.rejects(late, (error) => isKind(error, 'timeout') && error.message.includes(ARN))
  silent.closeAllConnections()
  silent.close()
})

test('what STS refuses or breaks off says so, and shows nothing of the request', async () => {
  for (const [status, xml, kind] of [
    [
      403,
      '<Error><Code>SignatureDoesNotMatch</Code><Message>x-amz-security-token:hunter2</Message></Error>',
      'permission',
    ],
    [200, '<html/>', 'permission'],
    [500, '<Error><Code>InternalFailure</Code></Error>', 'unavailable'],
  ] as const) {
    answer = { status, xml }
    await assert.rejects(role().ask(), (error) => {
      assert.ok(isKind(error, kind), String(error))
      assert.ok(error.message.includes(ARN), error.message)
      return !describeError(error).includes('hunter2')
    })
  }
})
