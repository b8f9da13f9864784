import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type WireRequest, whyRefused } from './sigv4-check.ts'

// The example that AWS's own tests of signers begin with (get-vanilla, and one of a query).

const ACCOUNT = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
}
const NOW = Date.UTC(2015, 7, 30, 12, 36)

function signed(target: string, signature: string): WireRequest {
  const scope = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`
  const headers = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z', authorization }
  return { method: 'GET', target, headers, body: Buffer.alloc(0) }
}

const VANILLA = signed('/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')

test("AWS's examples are let through", () => {
  assert.equal(whyRefused(VANILLA, ACCOUNT, NOW), undefined)
  const query = signed(
    '/?Param2=value2&Param1=value1',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  )
  assert.equal(whyRefused(query, ACCOUNT, NOW), undefined)
})

test('whatever differs is refused, and why is said', () => {
  const { headers } = VANILLA
  const refusals: readonly (readonly [WireRequest, RegExp])[] = [
    [{ ...VANILLA, method: 'DELETE' }, /does not match/],
    [{ ...VANILLA, target: '/?a=b' }, /does not match/],
    [{ ...VANILLA, body: Buffer.from('x') }, /does not match/],
    [{ ...VANILLA, headers: { ...headers, host: 'elsewhere' } }, /does not match/],
    [{ ...VANILLA, headers: { ...headers, 'x-amz-security-token': 'x' } }, /must be signed: x-amz-security-token/],
    [{ ...VANILLA, headers: { ...headers, authorization: 'Bearer x' } }, /Missing Authentication Token/],
  ]
  for (const [request, why] of refusals) assert.match(whyRefused(request, ACCOUNT, NOW) ?? '', why)
  assert.match(whyRefused(VANILLA, { ...ACCOUNT, secretAccessKey: 'x' }, NOW) ?? '', /does not match/)
  assert.match(whyRefused(VANILLA, { ...ACCOUNT, accessKeyId: 'x' }, NOW) ?? '', /security token .* is invalid/)
  assert.match(whyRefused(VANILLA, { ...ACCOUNT, service: 's3tables' }, NOW) ?? '', /correct service: 's3tables'/)
  assert.match(whyRefused(VANILLA, { ...ACCOUNT, region: 'x' }, NOW) ?? '', /valid region/)
  for (const off of [-301_000, 301_000]) assert.match(whyRefused(VANILLA, ACCOUNT, NOW + off) ?? '', /expired/)
})
