import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { glueFate } from './glue-failure.ts'
import { openGlueService } from './glue-service.ts'
import { glueSettings } from './glue-settings.ts'
import { startFakeGlue } from './testing/fake-glue.ts'

const REGION = { 'client.region': 'us-east-1' }
const FROM_ENVIRONMENT = { ...REGION, 'client.credentials-provider': 'EnvironmentVariableCredentialsProvider' }

function open(properties: Record<string, string>, environment: Record<string, string> = {}) {
  return openGlueService(glueSettings(properties), { clock: systemClock, random: seededRandom(1), environment })
}

const list: Parameters<Awaited<ReturnType<typeof open>>['repeatable']>[1] = (glue, options) =>
  glue.getDatabases({}, options)

test('keys of the environment sign the calls, and their absence is said before anything is sent', async () => {
  const fake = await startFakeGlue()
  const properties = { ...FROM_ENVIRONMENT, 'glue.endpoint': fake.endpoint }
  const withKeys = await open(properties, { AWS_ACCESS_KEY_ID: 'mine', AWS_SECRET_ACCESS_KEY: 'hunter2' })
  await withKeys.repeatable('to list', list)
  assert.match(fake.calls[0]?.signature ?? '', /Credential=mine\//)
  const without = await open(properties)
  await assert.rejects(without.repeatable('to list', list), (error) => {
    assert.ok(isKind(error, 'permission'), String(error))
    assert.equal(glueFate(error), 'refused')
    return error.message.includes('AWS_ACCESS_KEY_ID')
  })
  assert.equal(fake.calls.length, 1)
  withKeys.close()
  without.close()
  await fake.stop()
})

test('an endpoint that nobody listens on is unavailable, tried so often and no more', async () => {
  const fake = await startFakeGlue()
  await fake.stop()
  const keys = { 'glue.access-key-id': 'mine', 'glue.secret-access-key': 'hunter2' }
  const service = await open({ ...REGION, ...keys, 'glue.endpoint': fake.endpoint, 'glue.max-retries': '2' })
  let attempts = 0
  const counted: typeof list = (glue, options) => {
    attempts += 1
    return list(glue, options)
  }
  await assert.rejects(service.repeatable('to list', counted), (error) => {
    assert.ok(isKind(error, 'unavailable'), String(error))
    assert.match(error.message, /to list: not reached \(ECONNREFUSED\)/)
    return !describeError(error).includes('hunter2')
  })
  assert.equal(attempts, 2)
  service.close()
})

test('a caller that gives up is aborted', async () => {
  const fake = await startFakeGlue()
  const service = await open({ ...FROM_ENVIRONMENT, 'glue.endpoint': fake.endpoint })
  await assert.rejects(service.repeatable('to list', list, AbortSignal.abort()), (error) => isKind(error, 'aborted'))
  service.close()
  await fake.stop()
})
