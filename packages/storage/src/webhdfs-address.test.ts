import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { type HdfsScheme, hdfsCaller, nameNodeUrls } from './webhdfs-address.ts'

const urls = (scheme: HdfsScheme, authority: string, settings: Record<string, string> = {}) =>
  nameNodeUrls(scheme, authority, settings).map(({ href }) => href)

test('a location names the HTTP address itself, or the settings do', () => {
  assert.deepEqual(urls('webhdfs', 'nn:50070'), ['http://nn:50070/'])
  assert.deepEqual(urls('webhdfs', 'nn'), ['http://nn:9870/'])
  assert.deepEqual(urls('swebhdfs', 'nn'), ['https://nn:9871/'])
  assert.deepEqual(urls('hdfs', 'nn:8020'), ['http://nn:9870/'])
  assert.deepEqual(urls('hdfs', 'nn:8020', { 'dfs.namenode.http-address': 'web:1' }), ['http://web:1/'])
  assert.deepEqual(urls('hdfs', 'nn', { 'dfs.namenode.http-address': 'a:1, b' }), ['http://a:1/', 'http://b:9870/'])
  assert.deepEqual(urls('hdfs', 'nn', { 'dfs.namenode.http-address': 'https://gate:8443/gateway/x' }), [
    'https://gate:8443/gateway/x',
  ])
  // The address to listen on that a site file has.
  assert.deepEqual(urls('hdfs', 'nn:8020', { 'dfs.namenode.http-address': '0.0.0.0:5' }), ['http://nn:5/'])
  assert.deepEqual(urls('hdfs', 'nn:8020', { 'dfs.http.policy': 'HTTPS_ONLY', 'dfs.namenode.https-address': 'nn:7' }), [
    'https://nn:7/',
  ])
})

test('a name service has the addresses of its name nodes', () => {
  const settings = {
    'dfs.ha.namenodes.ns': 'nn1,nn2',
    'dfs.namenode.http-address.ns.nn1': 'one:9870',
    'dfs.namenode.http-address.ns.nn2': 'two:9870',
    'fs.defaultFS': 'hdfs://ns',
  }
  const both = ['http://one:9870/', 'http://two:9870/']
  assert.deepEqual(urls('hdfs', 'ns', settings), both)
  assert.deepEqual(urls('webhdfs', 'ns', settings), both)
  assert.deepEqual(urls('hdfs', '', settings), both)
  const { 'dfs.namenode.http-address.ns.nn2': _, ...incomplete } = settings
  assert.throws(() => urls('hdfs', 'ns', incomplete), /dfs\.namenode\.http-address\.ns\.nn2 is missing/)
})

test('the address of one file system is not taken for that of another', () => {
  const settings = {
    'fs.defaultFS': 'hdfs://nn:8020',
    'dfs.namenode.http-address': 'web:1',
    'dfs.namenode.http-address.third': 'web:3',
  }
  assert.deepEqual(urls('hdfs', 'nn:8020', settings), ['http://web:1/'])
  assert.deepEqual(urls('hdfs', 'other:8020', settings), ['http://other:9870/'])
  assert.deepEqual(urls('hdfs', 'third', settings), ['http://web:3/'])
})

test('what is no address is refused by the name of its setting', () => {
  const invalid = (settings: Record<string, string>, message: RegExp, authority = 'nn') =>
    assert.throws(
      () => urls('hdfs', authority, settings),
      (error) => isKind(error, 'invalid-input') && message.test(error.message),
    )
  for (const address of ['a b', 'http://u:p@nn/', 'https://nn/?delegation=x', 'nn/path:1']) {
    invalid({ 'dfs.namenode.http-address': address }, /^dfs\.namenode\.http-address: /)
  }
  invalid({}, /set fs\.defaultFS/, '')
})

test('the user is the one of the settings, else the one that Hadoop takes; a token goes before all', () => {
  const environment = { HADOOP_USER_NAME: 'env' }
  assert.deepEqual(hdfsCaller({ 'hdfs.user': 'me', ugi: 'other' }, environment), [['user.name', 'me']])
  assert.deepEqual(hdfsCaller({ ugi: 'amoro:group' }, environment), [['user.name', 'amoro']])
  assert.deepEqual(hdfsCaller({}, environment), [['user.name', 'env']])
  assert.deepEqual(hdfsCaller({ 'hdfs.delegation-token': 't', 'hdfs.user': 'me' }, environment), [['delegation', 't']])
  assert.equal(hdfsCaller({}, {})[0]?.[0], 'user.name')
})
