import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { composeAccess } from '../access/compose-access.ts'
import { SILENT_LOG } from '../service/log.ts'
import { buildHttpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

const AMS = '/api/ams/v1'
const OURS = { 'x-request-source': 'Web' }
const ADMINISTRATOR = { name: 'root', password: 'correct horse' }

async function open(host = '0.0.0.0') {
  const [stores, clock] = [memoryStores(), virtualClock()]
  const { authenticator } = await composeAccess(
    { mode: 'auto', administrator: ADMINISTRATOR },
    {
      ...{ host, clock, principals: stores.principals },
      ...{ secretKey: new Uint8Array(32), random: systemRandom, log: SILENT_LOG },
    },
  )
  const server = await buildHttpServer(buildOptions({ stores, clock, authenticator }))
  const login = (password: string, headers: Readonly<Record<string, string>> = OURS) =>
    server.inject({
      method: 'POST',
      url: `${AMS}/login`,
      headers,
      payload: { user: ADMINISTRATOR.name, password },
    })
  const session = async () => String((await login(ADMINISTRATOR.password)).headers['set-cookie']).split(';')[0] ?? ''
  const current = async (headers: Readonly<Record<string, string>>) =>
    (await server.inject({ url: `${AMS}/login/current`, headers })).json().result
  return { server, clock, login, session, current }
}

test('who signs in is known by a cookie that no script reads and no other site has sent', async () => {
  const { login, current } = await open()
  const answer = await login(ADMINISTRATOR.password)
  const { userName, role, privileges } = answer.json().result
  assert.deepEqual([userName, role, privileges.includes('MANAGE_PLATFORM')], ['root', 'SERVICE_ADMIN', true])
  const cookie = String(answer.headers['set-cookie'])
  assert.match(cookie, /^moraine_session=[^;]+; Max-Age=3600; Path=\/api; HttpOnly; SameSite=Strict$/)
  assert.equal((await current({ ...OURS, cookie: cookie.split(';')[0] ?? '' })).userName, 'root')
  assert.equal(await current(OURS), null)
})

test('over TLS the cookie goes over TLS alone', async () => {
  const { stores, clock } = { stores: memoryStores(), clock: virtualClock() }
  const { authenticator } = await composeAccess(
    { mode: 'required', administrator: ADMINISTRATOR },
    {
      ...{ host: '0.0.0.0', clock, principals: stores.principals },
      ...{ secretKey: new Uint8Array(32), random: systemRandom, log: SILENT_LOG },
    },
  )
  const trustedProxies = ['127.0.0.1']
  const server = await buildHttpServer(buildOptions({ stores, clock, authenticator, trustedProxies }))
  const answer = await server.inject({
    method: 'POST',
    url: `${AMS}/login`,
    headers: { ...OURS, 'x-forwarded-proto': 'https' },
    payload: { user: ADMINISTRATOR.name, password: ADMINISTRATOR.password },
  })
  assert.match(String(answer.headers['set-cookie']), /; Secure/)
})

test('what another site’s page can send is refused, or is from nobody', async () => {
  const { server, login, session } = await open()
  const cookie = await session()
  assert.equal((await login(ADMINISTRATOR.password, {})).statusCode, 403)
  const forged = { method: 'POST', url: `${AMS}/principals`, payload: { name: 'mallory', grants: [] } } as const
  assert.equal((await server.inject({ ...forged, headers: { cookie } })).statusCode, 401)
  assert.equal((await server.inject({ ...forged, headers: { cookie, ...OURS } })).statusCode, 200)
  assert.equal((await server.inject({ method: 'POST', url: `${AMS}/logout`, headers: { cookie } })).statusCode, 403)
})

test('a wrong password, an ended session and a made-up one are told', async () => {
  const { server, clock, login, session, current } = await open()
  const refused = await login('wrong')
  assert.equal(refused.statusCode, 401)
  assert.equal(refused.headers['set-cookie'], undefined)
  const cookie = await session()
  clock.set(3_601_000)
  assert.equal(await current({ ...OURS, cookie }), null)
  for (const each of [cookie, 'moraine_session=made-up', 'moraine_session=']) {
    const answer = await server.inject({ url: `${AMS}/catalogs`, headers: { ...OURS, cookie: each } })
    assert.equal(answer.statusCode, 401, each)
  }
})

test('a session that is in use goes on, with a new token every ten minutes', async () => {
  const { server, clock, session } = await open()
  const first = await session()
  const ask = (cookie: string) => server.inject({ url: `${AMS}/catalogs`, headers: { ...OURS, cookie } })
  assert.equal((await ask(first)).headers['set-cookie'], undefined)
  clock.set(50 * 60_000)
  const [renewed = ''] = String((await ask(first)).headers['set-cookie']).split(';')
  assert.notEqual(renewed, first)
  clock.set(50 * 60_000)
  assert.equal((await ask(first)).statusCode, 401)
  assert.equal((await ask(renewed)).statusCode, 200)
})

test('signing out takes the cookie away', async () => {
  const { server } = await open()
  const answer = await server.inject({ method: 'POST', url: `${AMS}/logout`, headers: OURS })
  assert.match(String(answer.headers['set-cookie']), /^moraine_session=; .*Expires=Thu, 01 Jan 1970/)
})

test('where nobody has to say who they are, anybody is signed in', async () => {
  const { current } = await open('127.0.0.1')
  assert.equal((await current({ host: 'localhost' })).userName, 'anybody')
})
