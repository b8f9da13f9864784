import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeError, isKind } from '@moraine/stdx/error'
import { environmentCredentials } from '../aws/aws-credentials.ts'
import { glueSettings } from './glue-settings.ts'

const keys = (prefix: string, id: string) => ({
  [`${prefix}.access-key-id`]: id,
  [`${prefix}.secret-access-key`]: 'hunter2',
})

test('without properties everything is as AWS and the reference implementation have it', () => {
  assert.deepEqual(glueSettings({}), {
    endpoint: undefined,
    region: undefined,
    credentials: { kind: 'default' },
    catalogId: undefined,
    warehouse: undefined,
    skipsArchive: true,
    skipsNameValidation: false,
    attempts: 10,
  })
})

test('properties are those of the Java and Python clients', () => {
  const settings = glueSettings({
    warehouse: 's3://b/wh/',
    'glue.endpoint': 'http://127.0.0.1:5000',
    'glue.region': 'eu-west-1',
    'client.region': 'us-east-1',
    'glue.id': '123456789012:s3tablescatalog/b',
    'glue.skip-archive': 'FALSE',
    'glue.skip-name-validation': 'true',
    'glue.max-retries': '3',
    ...keys('glue', 'a'),
    'glue.session-token': 'token',
  })
  assert.deepEqual(settings, {
    endpoint: 'http://127.0.0.1:5000',
    region: 'eu-west-1',
    credentials: {
      kind: 'static',
      credentials: { accessKeyId: 'a', secretAccessKey: 'hunter2', sessionToken: 'token' },
    },
    catalogId: '123456789012:s3tablescatalog/b',
    warehouse: 's3://b/wh',
    skipsArchive: false,
    skipsNameValidation: true,
    attempts: 3,
  })
})

test('the keys nearest to Glue count; a token goes with its keys', () => {
  const idOf = (properties: Record<string, string>) => {
    const { credentials } = glueSettings(properties)
    return credentials.kind === 'static' ? credentials.credentials : credentials.kind
  }
  const s3 = { ...keys('s3', 's'), 's3.session-token': 'of s3' }
  assert.deepEqual(idOf(s3), { accessKeyId: 's', secretAccessKey: 'hunter2', sessionToken: 'of s3' })
  const client = { ...s3, ...keys('client', 'c') }
  assert.deepEqual(idOf(client), { accessKeyId: 'c', secretAccessKey: 'hunter2' })
  assert.deepEqual(idOf({ ...client, ...keys('glue', 'g') }), { accessKeyId: 'g', secretAccessKey: 'hunter2' })
  assert.equal(idOf({ 'client.access-key-id': 'of OSS', 'client.access-key-secret': 'x' }), 'default')
  const provider = 'software.amazon.awssdk.auth.credentials.'
  const named = (name: string) => idOf({ ...client, 'client.credentials-provider': provider + name })
  assert.equal(named('DefaultCredentialsProvider'), 'default')
  assert.equal(named('EnvironmentVariableCredentialsProvider'), 'environment')
})

test('a role is assumed with the credentials that are there otherwise', () => {
  const settings = glueSettings({
    ...keys('glue', 'a'),
    'client.factory': 'org.apache.iceberg.aws.AssumeRoleAwsClientFactory',
    'client.assume-role.arn': 'arn:aws:iam::1:role/r',
    'client.assume-role.region': 'eu-west-1',
    'client.assume-role.external-id': 'x',
    'client.assume-role.tags.team': 'blue',
  })
  assert.equal(settings.region, 'eu-west-1')
  assert.deepEqual(settings.credentials, {
    kind: 'role',
    role: {
      arn: 'arn:aws:iam::1:role/r',
      externalId: 'x',
      sessionName: 'moraine',
      durationSeconds: 3600,
      tags: [{ key: 'team', value: 'blue' }],
    },
    base: { kind: 'static', credentials: { accessKeyId: 'a', secretAccessKey: 'hunter2' } },
  })
})

test('what would be passed over is refused by name, without secrets', () => {
  for (const [key, value, kind] of [
    ['lock-impl', 'org.apache.iceberg.aws.dynamodb.DynamoDbLockManager', 'unsupported'],
    ['glue.lakeformation-enabled', 'true', 'unsupported'],
    ['client.factory', 'mine', 'unsupported'],
    ['client.profile-name', 'mine', 'unsupported'],
    ['client.credentials-provider', 'com.mine.Provider', 'unsupported'],
    ['glue.endpoint', 'glue.eu-west-1.amazonaws.com', 'invalid-input'],
    ['glue.skip-archive', 'yes', 'invalid-input'],
    ['glue.max-retries', '0', 'invalid-input'],
    ['glue.secret-access-key', 'hunter2', 'invalid-input'],
  ] as const) {
    assert.throws(
      () => glueSettings({ ...keys('s3', 'a'), [key]: value }),
      (error) => {
        assert.ok(isKind(error, kind), String(error))
        assert.ok(error.message.includes(key), error.message)
        return !describeError(error).includes('hunter2')
      },
    )
  }
})

test('credentials of the environment are those of AWS', () => {
  const pair = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  assert.deepEqual(environmentCredentials(pair), { accessKeyId: 'a', secretAccessKey: 'b' })
  assert.equal(environmentCredentials({ ...pair, AWS_SESSION_TOKEN: 't' }).sessionToken, 't')
  assert.throws(() => environmentCredentials({}), /AWS_ACCESS_KEY_ID/)
})
