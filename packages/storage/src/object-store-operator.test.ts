import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { bucketOperators, loadRemedy } from './object-store-operator.ts'
import { OBJECT_STORE_SERVICES } from './object-store-service.ts'

const [s3] = OBJECT_STORE_SERVICES

test('the native library is loaded at first use, and its failure says what is needed', async () => {
  assert.ok(s3)
  let loads = 0
  const operatorsOf = bucketOperators(s3, {}, () => {
    loads += 1
    return Promise.reject(new Error('Cannot find native binding', { cause: new Error("`GLIBC_2.38' not found") }))
  })
  assert.equal(loads, 0)
  await assert.rejects(operatorsOf('bucket'), (error) => {
    return (
      isKind(error, 'unsupported') && /^object stores cannot be used: .* needs glibc 2\.38 or newer/.test(error.message)
    )
  })
  assert.equal(loads, 1)
})

test('what is to be done about a library that does not load', () => {
  const glibc = new Error("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by opendal.node)")
  assert.match(loadRemedy(glibc, '2.36'), /needs glibc 2\.38 or newer, and this system has 2\.36/)
  assert.match(loadRemedy(new Error('Cannot find module'), '2.36'), /did not load; install the optional dependencies/)
})

test('one pair of operators per bucket', async () => {
  assert.ok(s3)
  const operatorsOf = bucketOperators(s3, { 's3.anonymous': 'true', 'client.region': 'us-east-1' })
  assert.equal(await operatorsOf('a'), await operatorsOf('a'))
  assert.notEqual(await operatorsOf('a'), await operatorsOf('b'))
})

test('a store whose region nobody knows is refused with the setting that says it', async (context) => {
  assert.ok(s3)
  const variables = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_CONFIG_FILE', 'AWS_PROFILE'] as const
  const before = variables.map((name) => [name, process.env[name]] as const)
  context.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  for (const [name] of before) delete process.env[name]
  process.env['AWS_CONFIG_FILE'] = '/nonexistent'
  await assert.rejects(bucketOperators(s3, {})('bucket'), (error) => {
    return (
      isKind(error, 'invalid-input') &&
      /^s3:\/\/bucket cannot be opened: .*set s3\.region \(client\.region, or storage\.s3\.region/.test(error.message)
    )
  })
})
