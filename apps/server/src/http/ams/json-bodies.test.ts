import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const stores = memoryStores()
const server = await buildHttpServer(buildOptions({ stores }))

async function post(payload: string | Buffer, contentType?: string, path = '/optimize/resourceGroups') {
  const headers = contentType === undefined ? {} : { 'content-type': contentType }
  const answer = await server.inject({ method: 'POST', url: `/api/ams/v1${path}`, headers, payload })
  const { message, code, kind } = answer.json() as { message: string; code: number; kind: string }
  assert.equal(code, answer.statusCode)
  return { code, kind, message }
}

const GROUP = JSON.stringify({ name: 'large', container: 'local', properties: { owner: '\u00e9' } })

test('a body that is no UTF-8 is refused, and nothing is taken from it', async () => {
  const latin1 = Buffer.from(GROUP, 'latin1')
  const refused = await post(latin1, 'application/json')
  assert.deepEqual(refused, { code: 400, kind: 'invalid-input', message: 'the request body is not UTF-8' })
  assert.deepEqual(await stores.groups.listGroups(), [])
  assert.equal((await post(GROUP, 'application/json; charset=utf-8')).code, 200)
  assert.equal((await stores.groups.findGroup('large'))?.properties['owner'], '\u00e9')
})

test('a body of another type is refused with the type that is read', async () => {
  const wanted = 'send JSON with the header content-type: application/json'
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
    const { code, message } = await post(GROUP, type)
    assert.deepEqual([code, message], [415, `bodies of type ${type} are not read; ${wanted}`])
  }
  const { code, message } = await post(Buffer.from(GROUP))
  assert.deepEqual([code, message], [415, `the request does not say of what type its body is; ${wanted}`])
})

test('what is no JSON is refused, and an empty body is none', async () => {
  for (const text of ['{', '{"name":"a"', 'x', '{"__proto__": {}}']) {
    assert.equal((await post(text, 'application/json')).code, 400, text)
  }
  assert.match((await post('{', 'application/json')).message, /not valid JSON/)
  for (const text of ['{"__proto__": {}}', '{"a": {"constructor": {"prototype": 1}}}']) {
    const { kind, message } = await post(text, 'application/json')
    assert.equal(kind, 'invalid-input')
    assert.match(message, /has a key __proto__, or constructor with a prototype; no such keys are taken/)
  }
  assert.match((await post('', 'application/json')).message, /^the request body must be an object$/)
  assert.equal((await post('', 'application/json', '/principals/nobody/credentials')).code, 404)
})
