import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { Type } from 'typebox'
import { type ApiCredentials, callApi, serverAddress } from './api-connection.ts'

const SECRET = 'hunter2'
const result = Type.Object({ list: Type.Array(Type.Object({ at: Type.Integer() })) })

type Answer = { readonly status: number; readonly text: string } | Error
type Sent = { readonly url: string; readonly init: RequestInit }

async function call(answer: Answer, credentials: ApiCredentials = { kind: 'none' }, body?: object) {
  const sent: Sent[] = []
  const send: typeof fetch = async (input, init = {}) => {
    assert.ok(input instanceof URL)
    sent.push({ url: input.href, init })
    if (answer instanceof Error) throw answer
    return new Response(answer.text, { status: answer.status })
  }
  const connection = { server: 'http://moraine:1630', credentials, clock: virtualClock(), fetch: send }
  const method = body === undefined ? 'GET' : 'POST'
  const request = {
    method,
    path: '/catalogs',
    query: { page: undefined, a: 'b c' },
    result,
    ...(body && { body }),
  } as const
  const value = await callApi(connection, request).catch((error: unknown) => {
    assert.ok(error instanceof MoraineError, String(error))
    return error
  })
  return { value, sent }
}

const success = (held: unknown) => ({
  status: 200,
  text: JSON.stringify({ message: 'success', code: 200, result: held }),
})

test('a result is what the envelope holds; what is undefined is not asked', async () => {
  const { value, sent } = await call(success({ list: [{ at: 1 }] }))
  assert.deepEqual(value, { list: [{ at: 1 }] })
  assert.equal(sent[0]?.url, 'http://moraine:1630/api/ams/v1/catalogs?a=b+c')
  assert.deepEqual(sent[0]?.init.headers, { accept: 'application/json' })
})

test('requests sign in, and follow no redirect with it', async () => {
  const [bearer] = (await call(success({ list: [] }), { kind: 'bearer', token: SECRET }, { a: 1 })).sent
  const [basic] = (await call(success({ list: [] }), { kind: 'basic', user: 'ann', password: 'pä:ss' })).sent
  const accept = 'application/json'
  assert.deepEqual(bearer?.init.headers, { accept, 'content-type': accept, authorization: `Bearer ${SECRET}` })
  assert.equal(bearer?.init.redirect, 'manual')
  const text = Buffer.from('ann:pä:ss').toString('base64')
  assert.deepEqual(basic?.init.headers, { accept, authorization: `Basic ${text}` })
})

const failure = (status: number, kind: string) => ({
  status,
  text: JSON.stringify({ message: 'there is no catalog x', code: status, kind, requestId: 'r1' }),
})

const FAILURES: readonly (readonly [what: string, answer: Answer, kind: string, says: RegExp])[] = [
  ['a failure that is told', failure(404, 'not-found'), 'not-found', /^there is no catalog x$/],
  ['a conflict', failure(409, 'conflict'), 'conflict', /no catalog x/],
  ['a kind of a later version', failure(503, 'tired'), 'unavailable', /no catalog x/],
  ['no credentials', failure(401, 'permission'), 'permission', /x; sign in with a token, or with user and password$/],
  [
    'another server',
    { status: 404, text: '<html>' },
    'not-found',
    /catalogs answered 404; see that a service of Moraine/,
  ],
  ['a gateway', { status: 502, text: '' }, 'unavailable', /answered 502/],
  ['a redirect', { status: 302, text: '' }, 'unavailable', /answered 302/],
  ['a page', { status: 200, text: '<html>' }, 'corrupt', /is no JSON; see that a service of Moraine/],
  ['other JSON', { status: 200, text: '[1]' }, 'corrupt', /has no result/],
  [
    'another result',
    success({ list: [{ at: 1 }, { at: 'x' }] }),
    'corrupt',
    /promises: result\.list\.1\.at must be integer$/,
  ],
  [
    'a number beyond 2^53',
    { status: 200, text: '{"message":"success","code":200,"result":{"list":[{"at":9007199254740993}]}}' },
    'corrupt',
    /result\.list\.0\.at/,
  ],
  [
    'nobody',
    new TypeError('fetch failed'),
    'unavailable',
    /^http:\/\/moraine:1630 does not answer; see that the service runs/,
  ],
]

for (const [what, answer, kind, says] of FAILURES) {
  test(`refused: ${what}`, async () => {
    const { value } = await call(answer, { kind: 'bearer', token: SECRET })
    assert.ok(value instanceof MoraineError)
    assert.match(value.message, says)
    assert.equal(value.kind, kind)
    assert.doesNotMatch(value.message, new RegExp(SECRET))
  })
}

test('an address of the service is a URL without secrets', () => {
  assert.equal(serverAddress('https://host/moraine//'), 'https://host/moraine')
  for (const wrong of ['', 'localhost:1630', 'thrift://h:1', 'http://']) {
    assert.throws(() => serverAddress(wrong), /write a URL, such as/)
  }
  assert.throws(
    () => serverAddress(`http://ann:${SECRET}@host`),
    (error: Error) => /no password/.test(error.message) && !error.message.includes(SECRET),
  )
})

test('where no kind is told, the status says it, as the service would', async () => {
  const kinds = {
    ...{ 400: 'invalid-input', 401: 'unauthenticated', 403: 'permission', 404: 'not-found', 408: 'timeout' },
    ...{ 409: 'conflict', 418: 'invalid-input', 422: 'corrupt', 429: 'unavailable', 500: 'internal' },
    ...{ 501: 'unsupported', 502: 'unavailable', 503: 'unavailable', 504: 'timeout', 507: 'exhausted' },
  }
  for (const [status, kind] of Object.entries(kinds)) {
    const { value } = await call({ status: Number(status), text: '' })
    assert.ok(value instanceof MoraineError)
    assert.equal(value.kind, kind, status)
  }
})
