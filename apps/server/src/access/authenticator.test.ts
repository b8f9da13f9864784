import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryPrincipals } from '@moraine/testkit/memory-stores/memory-principals'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { accessTokens } from './access-tokens.ts'
import { authenticator } from './authenticator.ts'
import { bearerOf, newCredential } from './credential-secret.ts'

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

const clock = virtualClock()
const tokens = accessTokens(new Uint8Array(32), clock)
const administrator = { name: 'root', password: 'let me in' }
const of = { principal: 'etl', note: '', expiresAt: undefined }
const { credential, secret } = newCredential(of, clock.now(), seededRandom(1))

test('strangers are not told where the database is, nor what it says', async () => {
  const failures = [
    new MoraineError('unavailable', 'the database at db.internal:5432 as moraine: connect ECONNREFUSED'),
    new Error('invalid byte sequence for encoding "UTF8": 0x00'),
  ]
  const token = await tokens.sign({ credentialId: credential.id, secretHash: credential.secretHash })
  for (const failure of failures) {
    const principals = { findCredential: () => Promise.reject(failure) }
    const { identify, exchange, renew } = authenticator({ principals, tokens, administrator, clock })
    for (const ask of [
      () => identify(basic(credential.id, secret), '10.0.0.1'),
      () => identify(`Bearer ${bearerOf(credential.id, secret)}`, '10.0.0.1'),
      () => identify(`Bearer ${token}`, '10.0.0.1'),
      () => exchange(credential.id, secret, '10.0.0.1'),
      () => renew(token, '10.0.0.1'),
    ]) {
      await assert.rejects(ask(), (error) => {
        assert.ok(isKind(error, 'unavailable'))
        assert.doesNotMatch(error.message, /db\.internal|moraine|ECONN|UTF8/)
        // The log has it.
        assert.ok(describeError(error).endsWith(failure.message))
        return true
      })
    }
    assert.equal((await identify(basic('root', 'let me in'), '10.0.0.1')).name, 'root')
  }
})

test('the database is not asked for ids that no credential has', async () => {
  const principals = { findCredential: (id: string) => assert.fail(`asked for ${JSON.stringify(id)}`) }
  const { identify, exchange } = authenticator({ principals, tokens, administrator, clock })
  const { id } = credential
  for (const [at, odd] of [
    '',
    'nobody',
    'a\0b',
    '\ufffd',
    `${id}0`,
    id.slice(1),
    id.toUpperCase(),
    `${id}\n`,
  ].entries()) {
    const source = `10.0.1.${at}`
    const refused = (error: unknown) => isKind(error, 'unauthenticated')
    await assert.rejects(identify(basic(odd, secret), source), refused)
    await assert.rejects(exchange(odd, secret, source), refused)
  }
  const known = memoryPrincipals()
  await known.addPrincipal({ name: 'etl', grants: [], createdAt: clock.now() })
  await known.addCredential(credential)
  const working = authenticator({ principals: known, tokens, administrator, clock })
  assert.equal((await working.identify(basic(id, secret), '10.0.0.1')).name, 'etl')
})
