import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { accessDelegation } from './access-delegation.ts'

const KEYS = { 's3.access-key-id': 'id', 's3.secret-access-key': 'hunter2' }
const LAKE = { warehouse: 's3://lab/wh', ...KEYS }
const ROLE = { 'access-delegation.role-arn': 'arn:aws:iam::1:role/r' }

test('without the property nothing is handed out', () => {
  for (const value of [undefined, '', ' , '])
    assert.equal(
      accessDelegation({ ...LAKE, ...(value !== undefined && { 'access-delegation': value }) }, 'ams'),
      undefined,
    )
})

test('ways are taken in their order, and settings without secrets are told', () => {
  const found = accessDelegation(
    {
      ...LAKE,
      ...ROLE,
      'access-delegation': 'Remote-Signing, sts-credentials,remote-signing',
      'access-delegation.locations': 's3a://other/data/, s3://third',
      'access-delegation.duration-sec': '900',
      's3.endpoint': 'http://127.0.0.1:9000',
      's3.path-style-access': 'true',
      'client.region': 'eu-west-1',
      's3.session-token': 'hunter3',
      'some.new.setting': 'x',
    },
    'ams',
  )
  assert.deepEqual(found?.ways, ['remote-signing', 'sts-credentials'])
  assert.deepEqual(found?.roots, [
    { bucket: 'lab', key: 'wh/' },
    { bucket: 'other', key: 'data/' },
    { bucket: 'third', key: '' },
  ])
  assert.deepEqual(found?.clientSettings, {
    's3.endpoint': 'http://127.0.0.1:9000',
    's3.path-style-access': 'true',
    'client.region': 'eu-west-1',
    's3.region': 'eu-west-1',
  })
  assert.equal(found?.role?.durationSeconds, 900)
  assert.equal(found?.stsEndpoint, 'http://127.0.0.1:9000/')
})

test("STS is AWS's own for AWS's S3, and where it is said to be otherwise", () => {
  const of = (more: Readonly<Record<string, string>>) =>
    accessDelegation({ ...LAKE, ...ROLE, 'access-delegation': 'sts-credentials', ...more }, 'ams')?.stsEndpoint
  assert.equal(of({}), undefined)
  assert.equal(of({ 's3.endpoint': 'https://s3.eu-west-1.amazonaws.com' }), undefined)
  assert.equal(of({ 'access-delegation.sts-endpoint': 'https://sts.example:1' }), 'https://sts.example:1/')
})

test('an address with a password in it is not told', () => {
  const settings = { ...LAKE, 'access-delegation': 'static-credentials', 's3.endpoint': 'http://me:hunter2@host' }
  assert.deepEqual(accessDelegation(settings, 'ams')?.clientSettings, {})
})

test('what cannot work is refused, naming the property and no secret', () => {
  for (const [properties, named] of [
    [{ ...LAKE, 'access-delegation': 'vended-credentials' }, /"vended-credentials" is none/],
    [{ ...LAKE, 'access-delegation': 'sts-credentials' }, /role-arn/],
    [{ warehouse: 's3://lab/wh', 'access-delegation': 'static-credentials' }, /s3\.access-key-id/],
    [{ warehouse: 's3://lab/wh', 'access-delegation': 'remote-signing' }, /client\.credentials-provider/],
    [{ ...KEYS, warehouse: '/data', 'access-delegation': 'static-credentials' }, /tables in S3/],
    [{ ...LAKE, 'access-delegation': 'static-credentials', 'access-delegation.locations': '/x' }, /no location in S3/],
    [
      { ...LAKE, ...ROLE, 'access-delegation': 'sts-credentials', 'access-delegation.duration-sec': '60' },
      /duration-sec/,
    ],
    [{ ...LAKE, 'access-delegation': 'remote-signing', 's3.endpoint': 'https://host/s3' }, /has a path/],
    [{ ...LAKE, 'access-delegation': 'remote-signing', 's3.endpoint': 'host:9000' }, /s3\.endpoint/],
  ] as const) {
    assert.throws(
      () => accessDelegation(properties, 'ams'),
      (error) => isKind(error, 'invalid-input') && named.test(error.message) && !error.message.includes('hunter'),
      String(named),
    )
  }
})
