import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorKind } from '@moraine/stdx/error'
import { Operator } from 'opendal'
import { isBeyondEnd, isRefusedCondition, objectStoreError, parseFailure } from './object-store-error.ts'

/** What opendal 0.49.2 says, shortened only where it lists headers. */
const s3Failure = (kind: string, at: string, status: number, code: string, message: string) =>
  new Error(
    `${kind} at ${at}, context: { uri: http://127.0.0.1:9000/lab/a, response: Parts { status: ${status}, version: HTTP/1.1, headers: {"server": "MinIO", "x-amz-request-id": "18EA"} }, service: s3, path: a } => S3Error { code: "${code}", message: "${message}", resource: "/lab/a", request_id: "18EA" }`,
  )
const HEAD_404 = new Error(
  'NotFound (permanent) at stat, context: { uri: http://127.0.0.1:9000/lab/a, response: Parts { status: 404, version: HTTP/1.1, headers: {"x-amz-request-id": "18EA"} }, service: s3, path: a }',
)
const REFUSED_CONNECTION = new Error(
  'Unexpected (temporary) at read, context: { url: http://127.0.0.1:1/lab/a, called: http_util::Client::send, service: s3, path: a, range: 0- } => send http request, source: error sending request for url (http://127.0.0.1:1/lab/a?sig=secret)',
)
const TOO_LITTLE = new Error(
  'Unexpected (permanent) at , context: { expect: 10, actual: 5 } => reader got too little data',
)
const TIMEOUT = new Error(
  'Unexpected (temporary) at read, context: { operation: read, timeout: 60 } => io operation timeout reached',
)
const OUT_OF_RANGE = s3Failure('Unexpected (permanent)', 'read', 416, 'InvalidRange', 'not satisfiable')
const EXISTS = s3Failure('ConditionNotMatch (permanent)', 'write', 412, 'PreconditionFailed', 'did not hold')
const BUSY = s3Failure('ConditionNotMatch (temporary)', 'write', 409, 'ConditionalRequestConflict', 'try again')

test('a store without keys is told by the names of those that are missing', () => {
  const machine =
    'Unexpected (temporary) at read, context: { url: https://s3.eu-west-1.amazonaws.com/b/a, service: s3, path: a } => loading credential to sign http request, source: request to AWS EC2 Metadata Services failed'
  const none = 'PermissionDenied (permanent) at read, context: { service: s3 } => no valid credential found'
  for (const [text, kind] of [
    [machine, 'unavailable'],
    [none, 'permission'],
  ] as const) {
    const error = objectStoreError(new Error(text), 'reading s3://b/a')
    assert.equal(error.kind, kind)
    assert.match(
      error.message,
      /^reading s3:\/\/b\/a failed: no credentials for it were given, .*; set s3\.access-key-id and/,
    )
    assert.match(error.message, /auth\.ak_sk\.access_key .* AWS_ACCESS_KEY_ID .* s3\.anonymous=true/)
  }
  const azure = none.replace('s3', 'azblob')
  assert.doesNotMatch(objectStoreError(new Error(azure), 'reading abfs://c@a/b').message, /s3\./)
})

test('kinds follow from the texts of opendal 0.49.2', () => {
  const expected: readonly (readonly [ErrorKind, Error])[] = [
    ['not-found', HEAD_404],
    ['not-found', s3Failure('NotFound (permanent)', 'read', 404, 'NoSuchKey', 'does not exist')],
    ['permission', s3Failure('PermissionDenied (permanent)', 'read', 403, 'SignatureDoesNotMatch', 'no match')],
    [
      'permission',
      new Error('PermissionDenied (permanent) at read, context: { service: s3 } => no valid credential found'),
    ],
    ['permission', s3Failure('Unexpected (permanent)', 'read', 401, 'Unauthorized', 'who are you')],
    ['invalid-input', s3Failure('ConfigInvalid (permanent)', 'read', 404, 'NoSuchBucket', 'does not exist')],
    ['invalid-input', s3Failure('ConfigInvalid (persistent)', 'list', 404, 'NoSuchBucket', 'does not exist')],
    ['invalid-input', s3Failure('NotFound (permanent)', 'write', 404, 'ContainerNotFound', 'no such container')],
    [
      'invalid-input',
      s3Failure('NotFound (permanent)', 'write', 404, 'notFound', 'The specified bucket does not exist.'),
    ],
    [
      'invalid-input',
      new Error('ConfigInvalid (permanent) at Builder::build, context: { service: s3 } => region is missing.'),
    ],
    ['invalid-input', s3Failure('Unexpected (permanent)', 'write', 400, 'KeyTooLongError', 'Your key is too long')],
    [
      'unsupported',
      new Error('Unsupported (permanent) at , context: { scheme: hdfs } => scheme is not enabled or supported'),
    ],
    ['unavailable', REFUSED_CONNECTION],
    ['unavailable', s3Failure('Unexpected (temporary)', 'read', 503, 'ServiceUnavailable', 'try again')],
    ['unavailable', s3Failure('Unexpected (persistent)', 'read', 500, 'InternalError', 'tried 4 times')],
    ['unavailable', s3Failure('RateLimited (temporary)', 'read', 503, 'SlowDown', 'reduce your request rate')],
    ['unavailable', BUSY],
    ['unavailable', s3Failure('Unexpected (permanent)', 'write', 409, 'ConditionalRequestConflict', 'try again')],
    ['timeout', TIMEOUT],
    [
      'exhausted',
      s3Failure('Unexpected (permanent)', 'write', 507, 'XMinioStorageFull', 'Storage backend has reached its minimum'),
    ],
    [
      'exhausted',
      s3Failure('Unexpected (permanent)', 'write', 400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded'),
    ],
    ['unavailable', new Error('something else entirely')],
  ]
  for (const [kind, failure] of expected)
    assert.equal(objectStoreError(failure, 'reading a').kind, kind, failure.message)
})

test('the native library still speaks so', async () => {
  const memory = new Operator('memory')
  const failureOf = async (call: () => Promise<unknown>) => {
    const error: unknown = await Promise.try(call).then(
      () => assert.fail('it did not fail'),
      (cause: unknown) => cause,
    )
    const { kind, temporary } = parseFailure(error)
    return { kind, temporary }
  }
  assert.deepEqual(await failureOf(() => memory.read('a')), { kind: 'NotFound', temporary: false })
  assert.deepEqual(await failureOf(() => memory.stat('a')), { kind: 'NotFound', temporary: false })
  assert.deepEqual(await failureOf(() => memory.read('a/')), { kind: 'IsADirectory', temporary: false })
  assert.deepEqual(await failureOf(async () => new Operator('s3', {})), { kind: 'ConfigInvalid', temporary: false })
  assert.deepEqual(await failureOf(async () => new Operator('hdfs', {})), { kind: 'Unsupported', temporary: false })
})

test('a refused condition is told from a request to try again, and a short object from a short answer', () => {
  assert.ok(isRefusedCondition(EXISTS))
  assert.ok(!isRefusedCondition(BUSY))
  assert.ok(!isRefusedCondition(HEAD_404))
  assert.ok(isBeyondEnd(OUT_OF_RANGE))
  assert.ok(isBeyondEnd(TOO_LITTLE))
  assert.ok(!isBeyondEnd(REFUSED_CONNECTION))
})

test('the message says what failed and what to do; the cause what the store said, without secrets', () => {
  const error = objectStoreError(
    s3Failure('PermissionDenied (permanent)', 'read', 403, 'AccessDenied', 'no'),
    'reading s3://lab/a',
  )
  assert.equal(error.message, 'reading s3://lab/a failed: the store refused; check the credentials and their policy')
  assert.match(
    String(error.cause),
    /PermissionDenied \(403\): S3Error \{ code: "AccessDenied", .* request_id: "18EA" \}$/,
  )
  assert.match(
    String(objectStoreError(REFUSED_CONNECTION, 'reading a').cause),
    /\(http:\/\/127\.0\.0\.1:1\/lab\/a\?\.\.\.\)$/,
  )
  assert.match(String(objectStoreError(HEAD_404, 'reading a').cause), /NotFound \(404\): request 18EA$/)
  assert.equal(objectStoreError(error, 'writing b'), error)
})
