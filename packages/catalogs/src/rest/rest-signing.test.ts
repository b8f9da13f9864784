import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import type { UnsignedRequest } from '../aws/aws-signer.ts'
import { openRestCatalog } from './rest-catalog.ts'
import { restSigner } from './rest-signing.ts'

// Against the examples in AWS's documentation of S3, "Signature Calculations for the Authorization Header: Transferring
// Payload in a Single Chunk". interop/glue asks AWS's Python client about paths and bodies.

const EXAMPLE = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const clockAt = (time: string) => ({ ...systemClock, now: () => Date.parse(time) as EpochMs })
const clock = clockAt('2013-05-24T00:00:00Z')

function sign(request: UnsignedRequest) {
  const signing = { region: 'us-east-1', name: 's3', credentials: { kind: 'static', credentials: EXAMPLE } } as const
  return restSigner(signing, { clock, environment: {} })(request)
}

for (const [what, path, headers, names, signature] of [
  [
    'a header',
    '/test.txt',
    { range: 'bytes=0-9' },
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'a query without a value',
    '/?lifecycle',
    {},
    'host;x-amz-content-sha256;x-amz-date',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'a query',
    '/?max-keys=2&prefix=J',
    {},
    'host;x-amz-content-sha256;x-amz-date',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
] as const) {
  test(`the example of AWS with ${what} has its signature`, async () => {
    const url = new URL(path, 'https://examplebucket.s3.amazonaws.com')
    assert.deepEqual(await sign({ method: 'GET', url, headers }), {
      ...headers,
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': EMPTY_SHA256,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    })
  })
}

const PROPERTIES = {
  uri: 'https://glue.eu-west-1.amazonaws.com/iceberg',
  warehouse: '123456789012:s3tablescatalog/my bucket',
  'rest.sigv4-enabled': 'true',
  'rest.signing-name': 'glue',
  'rest.signing-region': 'eu-west-1',
}

/** A catalog whose server answers each request with an empty list, and what it was sent. */
async function openSigned(properties: Record<string, string>, environment: Record<string, string> = {}) {
  const sent: { readonly url: string; readonly headers: Headers; readonly body: string }[] = []
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init)
    sent.push({ url: request.url, headers: new Headers(init?.headers), body: await request.text() })
    const body = request.url.includes('/oauth/tokens')
      ? '{"access_token":"t1"}'
      : '{"defaults":{},"overrides":{"prefix":"catalogs/123456789012"},"namespaces":[]}'
    return new Response(body, { headers: { 'content-type': 'application/json' } })
  }
  const options = { name: 'rest', properties: { ...PROPERTIES, ...properties }, clock, environment, fetch: send }
  return { catalog: await openRestCatalog(options), sent }
}

const KEYS = { 'rest.access-key-id': 'mine', 'rest.secret-access-key': 'hunter2', 'rest.session-token': 'hunter3' }

test('a catalog of Glue or S3 Tables is sent signed requests, with a hash of the body', async () => {
  const { catalog, sent } = await openSigned(KEYS)
  await catalog.createNamespace(['a'])
  const [config, create] = sent
  assert.match(config?.url ?? '', /warehouse=123456789012%3As3tablescatalog%2Fmy%20bucket$/)
  const headers = create?.headers
  assert.match(
    headers?.get('authorization') ?? '',
    /^AWS4-HMAC-SHA256 Credential=mine\/20130524\/eu-west-1\/glue\/aws4_request, SignedHeaders=accept;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
  )
  assert.equal(headers?.get('x-amz-security-token'), 'hunter3')
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(create?.body))
  assert.equal(headers?.get('x-amz-content-sha256'), Buffer.from(digest).toString('hex'))
  assert.equal(config?.headers.get('x-amz-content-sha256'), EMPTY_SHA256)
})

test('an authorization below the signature goes along by another name, and is signed', async () => {
  for (const [properties, original] of [
    [{ token: 'tok' }, 'Bearer tok'],
    [{ credential: 'a:b' }, 'Bearer t1'],
    [
      {
        'rest.sigv4-enabled': 'false',
        'rest.auth.type': 'sigv4',
        'rest.auth.sigv4.delegate-auth-type': 'basic',
        'rest.auth.basic.username': 'u',
        'rest.auth.basic.password': 'p',
      },
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    ],
  ] as const) {
    const { sent } = await openSigned({ ...KEYS, ...properties })
    const config = sent.find(({ url }) => url.includes('/v1/config'))
    assert.equal(config?.headers.get('original-authorization'), original)
    assert.match(config?.headers.get('authorization') ?? '', /SignedHeaders=accept;host;original-authorization;/)
  }
})

test('region and keys may come from the environment', async () => {
  const environment = { AWS_REGION: 'us-west-2', AWS_ACCESS_KEY_ID: 'e', AWS_SECRET_ACCESS_KEY: 'x' }
  const properties = { 'client.credentials-provider': 'EnvironmentVariableCredentialsProvider' }
  const { 'rest.signing-region': _, ...rest } = PROPERTIES
  const options = { name: 'rest', clock, environment, fetch: () => Promise.reject(new Error('sent')) }
  await assert.rejects(openRestCatalog({ ...options, properties: { ...rest, ...properties } }), (error) =>
    isKind(error, 'unavailable'),
  )
  await assert.rejects(
    openRestCatalog({ ...options, environment: {}, properties: { ...rest, ...properties } }),
    /rest\.signing-region/,
  )
  const { sent } = await openSigned(properties, environment)
  assert.match(sent[0]?.headers.get('authorization') ?? '', /Credential=e\//)
})

test('without keys nothing is sent, and no message has a secret', async () => {
  const properties = { 'client.credentials-provider': 'EnvironmentVariableCredentialsProvider' }
  await assert.rejects(openSigned(properties, { AWS_SECRET_ACCESS_KEY: 'hunter2' }), (error) => {
    assert.ok(isKind(error, 'permission'), String(error))
    return !describeError(error).includes('hunter2')
  })
})
