import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { encodeForS3, signS3Request } from './s3-signature.ts'

// The examples of "Signature Calculations for the Authorization Header" in Amazon's S3 API reference.
const EXAMPLE = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
}
const NOW = Date.UTC(2013, 4, 24) as EpochMs

const signatureOf = (url: string) =>
  /Signature=(.*)$/.exec(signS3Request('GET', new URL(url), EXAMPLE, NOW)['authorization'] ?? '')?.[1]

test('signs as Amazon’s examples do', () => {
  assert.equal(
    signatureOf('https://examplebucket.s3.amazonaws.com/?lifecycle='),
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  )
  assert.equal(
    signatureOf('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J'),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  )
})

test('a session token is sent and signed', () => {
  const headers = signS3Request('GET', new URL('https://h/'), { ...EXAMPLE, sessionToken: 'token' }, NOW)
  assert.equal(headers['x-amz-security-token'], 'token')
  assert.match(
    headers['authorization'] ?? '',
    /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/,
  )
})

test('encodes all but unreserved characters', () => {
  assert.equal(encodeForS3("aZ09-_.~ !'()*/+%ü"), 'aZ09-_.~%20%21%27%28%29%2A%2F%2B%25%C3%BC')
})
