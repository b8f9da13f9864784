import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sessionPolicy } from './session-policy.ts'

const T = { bucket: 'lab', key: 'wh/a/t/' }
const AT = { region: 'eu-west-1', kmsKey: undefined }

test('a reader gets objects and lists below the prefix, and no more', () => {
  assert.deepEqual(JSON.parse(sessionPolicy({ read: [T], write: [] }, AT) ?? ''), {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::lab/wh/a/t/*'] },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: ['arn:aws:s3:::lab'],
        Condition: { StringLike: { 's3:prefix': ['wh/a/t/*'] } },
      },
    ],
  })
})

test('a writer puts and deletes as well, and uses the key of KMS', () => {
  const policy = sessionPolicy({ read: [T], write: [T] }, { region: 'cn-north-1', kmsKey: 'arn:aws-cn:kms:k' }) ?? ''
  assert.match(policy, /"s3:PutObject","s3:DeleteObject"[^}]*"arn:aws-cn:s3:::lab\/wh\/a\/t\/\*"/)
  assert.match(policy, /"kms:Decrypt","kms:GenerateDataKey"[^}]*"arn:aws-cn:kms:k"/)
})

test('a name that a policy would take for a pattern has none', () => {
  for (const key of ['wh/*/', 'wh/?/', 'wh/$' + '{aws:username}/'])
    assert.equal(sessionPolicy({ read: [{ bucket: 'lab', key }], write: [] }, AT), undefined)
})
