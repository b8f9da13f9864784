import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatThriftAddress, parseThriftAddresses } from './thrift-address.ts'

test('one server or several, with or without ports', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['thrift://a:1261', ['a:1261']],
    ['thrift://a', ['a:1261']],
    ['thrift://a:5/', ['a:5']],
    ['thrift://[::1]:7', ['[::1]:7']],
    ['thrift://a:1,thrift://b:2', ['a:1', 'b:2']],
    ['thrift://a:1, b', ['a:1', 'b:1261']],
  ]
  for (const [urls, expected] of cases) assert.deepEqual(parseThriftAddresses(urls).map(formatThriftAddress), expected)
})

test('with TLS all are, or none', () => {
  const schemes = (urls: string) => parseThriftAddresses(urls).map(({ scheme }) => scheme)
  assert.deepEqual(schemes('thrift://a:1,b:2'), ['thrift', 'thrift'])
  assert.deepEqual(schemes(' thrifts://a:1, thrifts://[::1]:2,c'), ['thrifts', 'thrifts', 'thrifts'])
  for (const urls of ['thrifts://a,thrift://b', 'thrift://a,thrifts://b']) {
    assert.throws(() => parseThriftAddresses(urls), { kind: 'invalid-input', message: /^--url .*the same for all$/ })
  }
})

test('a port that cannot be is named', () => {
  for (const port of ['0', '70000']) {
    assert.throws(() => parseThriftAddresses(`thrift://a:${port}`), {
      kind: 'invalid-input',
      message: `--url thrift://a:${port}: port ${port} is not from 1 to 65535`,
    })
  }
})

test('what is no address is refused, with how one is written', () => {
  const wrong = ['', 'a:1261', 'http://a:1', 'thrift://', 'thrift://a:1,', 'thrift://a/b', 'thriftss://a']
  for (const urls of wrong) {
    assert.throws(
      () => parseThriftAddresses(urls),
      { kind: 'invalid-input', message: /--url .*write thrift:\/\/host/ },
      urls,
    )
  }
})
