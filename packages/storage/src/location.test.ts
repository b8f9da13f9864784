import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { canonicalLocation, joinLocation, parseLocation, sameLocation } from './location.ts'

const refused = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => isKind(error, 'invalid-input') && message.test(error.message))

test('takes locations apart without decoding', () => {
  const file = (path: string) => ({ scheme: 'file', authority: '', path })
  assert.deepEqual(parseLocation('/a/b'), file('/a/b'))
  assert.deepEqual(parseLocation('file:/a/b'), file('/a/b'))
  assert.deepEqual(parseLocation('file:///a/b/'), file('/a/b/'))
  assert.deepEqual(parseLocation('file:////a//b'), file('/a/b'))
  assert.deepEqual(parseLocation('file://localhost/a'), file('/a'))
  assert.deepEqual(parseLocation('FILE:/a'), file('/a'))
  assert.deepEqual(parseLocation('/'), file('/'))
  assert.deepEqual(parseLocation('/a/x%20y#1?z=ü "'), file('/a/x%20y#1?z=ü "'))
  assert.deepEqual(parseLocation('file:/a/ts=10%3A00'), file('/a/ts=10%3A00'))
  assert.deepEqual(parseLocation('S3A://Bucket/a//b?#%'), { scheme: 's3a', authority: 'Bucket', path: 'a//b?#%' })
  assert.deepEqual(parseLocation('hdfs:/user/a'), { scheme: 'hdfs', authority: '', path: 'user/a' })
  assert.deepEqual(parseLocation('hdfs:///user/a'), { scheme: 'hdfs', authority: '', path: 'user/a' })
  assert.deepEqual(parseLocation('s3://bucket'), { scheme: 's3', authority: 'bucket', path: '' })
  assert.deepEqual(parseLocation('abfss://c@acc.dfs.core.windows.net/k'), {
    scheme: 'abfss',
    authority: 'c@acc.dfs.core.windows.net',
    path: 'k',
  })
  assert.deepEqual(parseLocation('s3://b/a\nb'), { scheme: 's3', authority: 'b', path: 'a\nb' })
})

test('refuses what would name something else', () => {
  refused(() => parseLocation('a/b'), /neither an absolute path nor a URI/)
  refused(() => parseLocation(''), /neither/)
  refused(() => parseLocation('file:a'), /not absolute/)
  refused(() => parseLocation('file://'), /not absolute/)
  refused(() => parseLocation('file://a/b'), /a is another host; a local file is file:\/\/\/a\/b/)
  refused(() => parseLocation('/a/../b'), /without \. and \.\./)
  refused(() => parseLocation('file:/a/./b'), /without \. and \.\./)
  refused(() => parseLocation('s3://b/a/..'), /without \. and \.\./)
  refused(() => parseLocation('s3://b/./a'), /without \. and \.\./)
  refused(() => parseLocation('s3:b/a'), /write s3:\/\/, then the bucket/)
  refused(() => parseLocation('/a\0b'), /character/)
  refused(() => parseLocation('/a\ud800b'), /character/)
  refused(() => parseLocation('hdfs://nn:8020/.reserved/.inodes/16392/t'), /second time/)
  refused(() => parseLocation('WebHDFS://nn:9870//.reserved/raw/wh/t'), /second time/)
  refused(() => parseLocation('hdfs:/.reserved'), /second time/)
  assert.equal(parseLocation('hdfs://nn/.reserved2/t').path, '.reserved2/t')
  assert.equal(parseLocation('s3://b/.reserved/t').path, '.reserved/t')
  assert.equal(parseLocation('/a/..b/c..').path, '/a/..b/c..')
})

test('one text for all spellings of a place', () => {
  for (const spelling of ['/a/b', 'file:/a/b', 'file:///a//b/', 'FILE:/a/b', 'File:///a/b', 'file://localhost/a/b']) {
    assert.equal(canonicalLocation(spelling), '/a/b')
  }
  for (const spelling of ['s3://b/k/1', 's3a://b/k//1', 's3n://b//k/1/', 'S3://b/k/1', 's3A://b/k/1']) {
    assert.equal(canonicalLocation(spelling), 's3://b/k/1')
  }
  assert.equal(canonicalLocation('s3://b'), 's3://b/')
  assert.equal(canonicalLocation('hdfs://nn:8020/a'), 'hdfs://nn:8020/a')
  assert.equal(canonicalLocation('constructor://b/a'), 'constructor://b/a')
  assert.ok(sameLocation('s3a://b/k', 's3://b/k'))
  assert.ok(!sameLocation('s3://b/k', 's3://B/k'))
  assert.ok(!sameLocation('/a/x%20y', '/a/x y'))
})

test('joins names to directories in their spelling', () => {
  assert.equal(joinLocation('s3a://b/t', 'metadata/v1 #%.json'), 's3a://b/t/metadata/v1 #%.json')
  assert.equal(joinLocation('file:/t/', 'x'), 'file:/t/x')
  for (const name of ['', '/x', 'x/', 'a//b', '..', 'a/../../b', '.']) {
    refused(() => joinLocation('/t', name), /not the name of something in \/t/)
  }
  refused(() => joinLocation('/t/../u', 'x'), /without/)
})

test('the canonical form is canonical, and any name survives joining', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/[/\0]/.test(text) && text.isWellFormed() && text !== '.' && text !== '..')
  fc.assert(
    fc.property(
      fc.constantFrom('/w', 'file:/w/', 's3://b/w', 's3a://b/w/'),
      fc.array(name, { minLength: 1 }),
      (base, names) => {
        const location = joinLocation(base, names.join('/'))
        assert.ok(parseLocation(location).path.endsWith(`w/${names.join('/')}`))
        assert.equal(canonicalLocation(canonicalLocation(location)), canonicalLocation(location))
      },
    ),
  )
})
