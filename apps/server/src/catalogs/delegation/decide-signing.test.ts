import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { decideSigning, type RequestToSign } from './decide-signing.ts'
import { formatS3Address, type S3Hosts } from './s3-address.ts'
import type { SessionScope } from './session-policy.ts'

const HERE: S3Hosts = { endpoint: new URL('http://127.0.0.1:9000'), region: 'us-east-1' }
const AWS: S3Hosts = { endpoint: undefined, region: 'eu-west-1' }
const OWN = [{ bucket: 'lab', key: 'wh/a/t/' }]
const WRITER: SessionScope = { read: OWN, write: OWN }
const READER: SessionScope = { read: OWN, write: [] }
const T = 'http://127.0.0.1:9000/lab/wh/a/t'

function decide(
  method: string,
  uri: string,
  more: Partial<RequestToSign> & { scope?: SessionScope; hosts?: S3Hosts } = {},
) {
  const { scope = WRITER, hosts = HERE, ...rest } = more
  return decideSigning({ method, uri, headers: {}, ...rest }, scope, hosts)
}

const allowed = (...asked: Parameters<typeof decide>) => decide(...asked).kind === 'sign'

test('what readers and writers of the table do is signed, for whoever may', () => {
  for (const [method, uri, isRead] of [
    ['GET', `${T}/data/f.parquet`, true],
    ['GET', `${T}/data/f.parquet?x-id=GetObject`, true],
    ['HEAD', `${T}/data/f.parquet`, true],
    ['GET', 'http://127.0.0.1:9000/lab?list-type=2&prefix=wh%2Fa%2Ft%2Fdata%2F&max-keys=2', true],
    ['GET', 'http://127.0.0.1:9000/lab/?prefix=wh/a/t/&delimiter=%2F', true],
    ['PUT', `${T}/data/f.parquet`, false],
    ['PUT', `${T}/data/f.parquet?partNumber=1&uploadId=u.1`, false],
    ['POST', `${T}/data/f.parquet?uploads`, false],
    ['POST', `${T}/data/f.parquet?uploads=`, false],
    ['POST', `${T}/data/f.parquet?uploadId=u`, false],
    ['GET', `${T}/data/f.parquet?uploadId=u`, false],
    ['DELETE', `${T}/data/f.parquet`, false],
    ['DELETE', `${T}/data/f.parquet?uploadId=u`, false],
  ] as const) {
    assert.ok(allowed(method, uri), `${method} ${uri}`)
    assert.equal(allowed(method, uri, { scope: READER }), isRead, `${method} ${uri} of a reader`)
  }
})

test('whatever else is refused', () => {
  for (const [method, uri] of [
    ['GET', 'http://127.0.0.1:9000/lab/wh/a/tt/x'],
    ['GET', 'http://127.0.0.1:9000/lab/wh/a/t'],
    ['GET', 'http://127.0.0.1:9000/lab/wh/b/t/x'],
    ['GET', 'http://127.0.0.1:9000/other/wh/a/t/x'],
    ['GET', 'http://127.0.0.1:9001/lab/wh/a/t/x'],
    ['GET', 'http://127.0.0.1/lab/wh/a/t/x'],
    ['GET', 'https://127.0.0.1:9000/lab/wh/a/t/x'],
    ['GET', 'http://evil.example/lab/wh/a/t/x'],
    ['GET', 'http://127.0.0.1:9000@evil.example/lab/wh/a/t/x'],
    ['GET', 'http://u:p@127.0.0.1:9000/lab/wh/a/t/x'],
    ['GET', 'http://evil127.0.0.1:9000/lab/wh/a/t/x'],
    ['GET', `${T}/../../b/t/x`],
    ['GET', `${T}/%2e%2e/u/x`],
    ['GET', `${T}/..%2fu/x`],
    ['GET', `${T}/%252e%252e/u/x`],
    ['GET', `${T}/%252e%252e%252fu/x`],
    ['GET', `${T}/a%5c..%5cx`],
    ['GET', `${T}/./x`],
    ['GET', `${T}//x`],
    ['GET', `${T}/a%2f%2fx`],
    ['GET', 'http://127.0.0.1:9000//lab/wh/a/t/x'],
    ['GET', 'http://127.0.0.1:9000/lab%2Fwh/a/t/x'],
    ['GET', `${T}\\x`],
    ['GET', `${T}/x#y`],
    ['GET', `${T}/a+b`],
    ['GET', `${T}/a b`],
    ['GET', `${T}/%ff`],
    ['GET', `${T}/%00`],
    ['GET', `${T}/ü`],
    ['GET', `${T}/x?acl`],
    ['GET', `${T}/x?policy`],
    ['GET', `${T}/x?versionId=1`],
    ['GET', `${T}/x?response-content-type=text%2Fhtml`],
    ['GET', `${T}/x?x-id=a&x-id=b`],
    ['GET', `${T}/x?X-Amz-Signature=1`],
    ['PUT', `${T}/x?acl`],
    ['PUT', `${T}/x?tagging`],
    ['PUT', `${T}/x?partNumber=1`],
    ['POST', `${T}/x`],
    ['POST', `${T}/x?select&select-type=2`],
    ['POST', `${T}/x?uploads&delete`],
    ['DELETE', `${T}/x?versionId=1`],
    ['PATCH', `${T}/x`],
    ['OPTIONS', `${T}/x`],
    ['__proto__', `${T}/x`],
    ['GET', 'http://127.0.0.1:9000/'],
    ['GET', 'http://127.0.0.1:9000/lab'],
    ['GET', 'http://127.0.0.1:9000/lab?prefix='],
    ['GET', 'http://127.0.0.1:9000/lab?prefix=wh/a/t'],
    ['GET', 'http://127.0.0.1:9000/lab?prefix=wh/a/t/&prefix=wh/'],
    ['GET', 'http://127.0.0.1:9000/lab?list-type=2'],
    ['GET', 'http://127.0.0.1:9000/lab?prefix=wh/a/t/&versions'],
    ['GET', 'http://127.0.0.1:9000/lab?uploads&prefix=wh/a/t/'],
    ['GET', 'http://127.0.0.1:9000/lab?policy'],
    ['HEAD', 'http://127.0.0.1:9000/lab'],
    ['PUT', 'http://127.0.0.1:9000/lab'],
    ['DELETE', 'http://127.0.0.1:9000/lab'],
    ['GET', 'http://lab.127.0.0.1:9000/wh/a/t/x'],
    ['GET', 'http://[::1:9000/lab/wh/a/t/x'],
    ['GET', 'not a url'],
  ] as const)
    assert.equal(decide(method, uri).kind, 'refuse', `${method} ${uri}`)
})

test('what is signed is the one form of what was asked', () => {
  const decision = decide('GET', `${T}/region=a%252Fb/%C3%BC%20(1).parquet?x-id=GetObject`)
  assert.ok(decision.kind === 'sign')
  assert.equal(decision.address.key, 'wh/a/t/region=a%2Fb/ü (1).parquet')
  assert.equal(formatS3Address(decision.address), `${T}/region%3Da%252Fb/%C3%BC%20%281%29.parquet?x-id=GetObject`)
})

test('a store that is not AWS takes the bucket from the path, and may take a host for nothing', () => {
  const hosts = { endpoint: new URL('https://s3.example'), region: 'x' }
  assert.ok(allowed('PUT', 'https://s3.example/lab/wh/a/t/x', { hosts }))
  assert.ok(allowed('GET', 'https://S3.example:443/lab?prefix=wh/a/t/', { hosts }))
  for (const uri of [
    'https://lab.s3.example/wh/a/t/x',
    'https://lab.s3.example/lab/wh/a/t/x',
    'https://labs3.example/lab/wh/a/t/x',
    'https://s3.example:9000/lab/wh/a/t/x',
  ])
    assert.ok(!allowed('GET', uri, { hosts }), uri)
})

test("AWS's own hosts are those of the region", () => {
  const at = (uri: string) => allowed('GET', uri, { hosts: AWS })
  assert.ok(at('https://s3.eu-west-1.amazonaws.com/lab/wh/a/t/x'))
  assert.ok(at('https://lab.s3.eu-west-1.amazonaws.com/wh/a/t/x'))
  assert.ok(at('https://lab.s3.dualstack.eu-west-1.amazonaws.com/wh/a/t/x'))
  for (const uri of [
    'http://lab.s3.eu-west-1.amazonaws.com/wh/a/t/x',
    'https://other.s3.eu-west-1.amazonaws.com/wh/a/t/x',
    'https://lab.s3.us-east-2.amazonaws.com/wh/a/t/x',
    'https://lab.s3.eu-west-1.amazonaws.com.evil.example/wh/a/t/x',
    'https://s3.amazonaws.com/lab/wh/a/t/x',
  ])
    assert.ok(!at(uri), uri)
})

test('headers that change what a request does are taken from a list, and a copy stays inside', () => {
  const put = (headers: Readonly<Record<string, readonly string[]>>) => decide('PUT', `${T}/x`, { headers })
  const signed = put({
    'x-amz-checksum-crc32': ['AAAA'],
    'x-amz-storage-class': ['STANDARD_IA'],
    'content-type': ['a/b'],
    'user-agent': ['u'],
    'amz-sdk-request': ['attempt=1'],
  })
  assert.ok(signed.kind === 'sign')
  assert.deepEqual(signed.headers, {
    'x-amz-checksum-crc32': 'AAAA',
    'x-amz-storage-class': 'STANDARD_IA',
    'content-type': 'a/b',
  })
  assert.equal(put({ 'x-amz-copy-source': ['/lab/wh/a/t/y%20z'] }).kind, 'sign')
  for (const headers of [
    { 'x-amz-acl': ['public-read'] },
    { 'x-amz-grant-read': ['id=x'] },
    { 'x-amz-tagging': ['a=b'] },
    { 'x-amz-website-redirect-location': ['/'] },
    { 'x-amz-object-lock-mode': ['GOVERNANCE'] },
    { 'x-amz-storage-class': ['A', 'B'] },
    { 'x-amz-copy-source': ['/lab/wh/b/t/y'] },
    { 'x-amz-copy-source': ['lab/wh/a/t/../../b/t/y'] },
    { 'x-amz-copy-source': ['/lab/wh/a/t/%2e%2e/u'] },
    { 'x-amz-copy-source': ['/lab/wh/a/t/y?versionId=1'] },
    { 'x-amz-copy-source': ['arn:aws:s3:::lab/wh/b'] },
    { 'x-amz-content-sha256': ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD'] },
  ])
    assert.equal(put(headers).kind, 'refuse', JSON.stringify(headers))
  assert.equal(decide('DELETE', `${T}/x`, { headers: { 'x-amz-copy-source': ['/lab/wh/a/t/y'] } }).kind, 'refuse')
})

test('a signature may be used again only where nothing of the one request is in it', () => {
  const of = (method: string, headers: Readonly<Record<string, readonly string[]>> = {}) => {
    const decision = decide(method, `${T}/x`, { headers })
    return decision.kind === 'sign' && decision.isRepeatable
  }
  assert.deepEqual([of('GET'), of('HEAD'), of('PUT'), of('DELETE')], [true, true, false, false])
  assert.ok(of('GET', { range: ['bytes=0-1'], 'x-amz-checksum-mode': ['ENABLED'] }))
  assert.ok(!of('GET', { 'x-amz-expected-bucket-owner': ['1'] }))
})

const object = (key: string) => `<Object><Key>${key}</Key></Object>`
const bulk = (content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</Delete>`

test('a bulk deletion is signed for the body that was read, and for no other', () => {
  const uri = 'http://127.0.0.1:9000/lab?delete'
  const body = bulk(`${object('wh/a/t/x')}${object('wh/a/t/a&amp;b&#252;')}<Quiet>true</Quiet>`)
  const decision = decide('POST', uri, { body })
  assert.ok(decision.kind === 'sign')
  assert.equal(decision.payload, createHash('sha256').update(body).digest('hex'))
  assert.ok(!allowed('POST', uri, { body, scope: READER }))
  assert.ok(!allowed('POST', uri, { body, headers: { 'x-amz-content-sha256': ['UNSIGNED-PAYLOAD'] } }))
  for (const wrong of [
    undefined,
    '',
    bulk(''),
    bulk(object('wh/b/t/x')),
    bulk(object('wh/a/t/x') + object('wh/a/u/x')),
    bulk(object('wh/a/t/../u/x')),
    bulk(object('wh/a/t//x')),
    bulk(object('')),
    bulk(`<Object><Key>wh/a/t/x</Key><VersionId>1</VersionId></Object>`),
    bulk(`<Object><Key>wh/a/t/x</Key><Key>wh/b/t/x</Key></Object>`),
    bulk(`${object('wh/a/t/x')}<!-- ${object('wh/b/t/x')} -->`),
    bulk(`<Object><Key><![CDATA[wh/a/t/x]]></Key></Object>`),
    bulk(object('wh/a/t/&unknown;')),
    bulk(object('wh/a/t/&#0;')),
    bulk(object('wh/a/t/&#xd800;')),
    `<!DOCTYPE x [<!ENTITY y "wh/b">]>${bulk(object('wh/a/t/x'))}`,
    `${bulk(object('wh/a/t/x'))}${bulk(object('wh/b/t/x'))}`,
    bulk(object('wh/a/t/x')).replace('Delete>', 'Delete ><Object></Delete>'),
    bulk(object('wh/a/t/x').repeat(1001)),
  ])
    assert.ok(!allowed('POST', uri, wrong === undefined ? {} : { body: wrong }), wrong)
})
