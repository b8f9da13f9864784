import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressForMessages, hasAddressSecrets, withoutAddressSecrets } from './address-for-messages.ts'
import { describeError, MoraineError } from './error.ts'

test('an address in a message has no user, no password and no parameters', () => {
  for (const [address, shown] of [
    ['http://ann:pw@h:8181/x/v1/config?warehouse=w', 'http://h:8181/x/v1/config'],
    ['http://ann:p@w@h/x#f', 'http://h/x'],
    ['http://token@h/', 'http://h/'],
    ['s3://key:secret@bucket/wh', 's3://bucket/wh'],
    ['abfss://container@account.dfs.core.windows.net/wh', 'abfss://container@account.dfs.core.windows.net/wh'],
    ['abfss://me:pw@account/wh', 'abfss://account/wh'],
    ['thrift://h:9083', 'thrift://h:9083'],
  ] as const) {
    assert.equal(addressForMessages(address), shown)
  }
})

test('a sentence loses what signs in, and nothing else', () => {
  assert.equal(
    withoutAddressSecrets('GET http://u:p@h/x?apikey=LEAK&page=2 and hdfs://v:q@nn/wh; mail ann@example.org'),
    'GET http://h/x?apikey=***&page=2 and hdfs://nn/wh; mail ann@example.org',
  )
  assert.equal(withoutAddressSecrets('{"uri":"a://b","mail":"c@d"}'), '{"uri":"a://b","mail":"c@d"}')
  assert.equal(hasAddressSecrets('jdbc:mysql://h/db?user=ann&password=x'), true)
  assert.equal(hasAddressSecrets('jdbc:mysql://h/db?user=ann&useSSL=true'), false)
  assert.equal(hasAddressSecrets('s3://b/p=a@b/day=1'), false)
})

test('no text makes it slow', () => {
  for (const part of ['://', 'a://', '?sig', ';', '://a', '@', '?a=', 'sig'])
    withoutAddressSecrets(part.repeat(100_000))
})

test('errors say nothing of it, nor do their causes', () => {
  const cause = new TypeError('Request cannot be constructed from a URL that includes credentials: http://u:p@h/')
  const error = new MoraineError('unavailable', 'http://u:p@h/ got no answer', { cause })
  assert.equal(error.message, 'http://h/ got no answer')
  assert.match(describeError(error), /credentials: http:\/\/h\/$/)
  assert.equal(describeError('at http://u:p@h/'), 'at http://h/')
})
