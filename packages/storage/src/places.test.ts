import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { canonicalLocation, parseLocation } from './location.ts'
import { folderOf, isLocation, liesIn, mayLieIn, maySharePlace, placeOf } from './places.ts'

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
  .filter((text) => !/[/\0]/.test(text) && text.isWellFormed() && !['.', '..', '.reserved'].includes(text))
const names = fc.array(fc.oneof(name, fc.constantFrom('a', 'b', 'bc', 'a%2fb', '%20', 'metadata')), {
  minLength: 1,
  maxLength: 5,
})
const slashes = fc.integer({ min: 1, max: 3 }).map((count) => '/'.repeat(count))

/** Stores by all names that each of them answers to. */
const STORES: Readonly<Record<string, readonly string[]>> = {
  local: ['', 'file:', 'file://', 'FILE://localhost'],
  hdfs: [
    'hdfs:',
    'hdfs://',
    'hdfs://nn',
    'hdfs://nn:8020',
    'hdfs://ns1',
    'HDFS://nn',
    'webhdfs://nn:9870',
    'swebhdfs://nn:9871',
  ],
  bucket: [
    's3://b',
    's3a://b',
    'S3N://b',
    'gs://b',
    'gcs://b',
    'oss://b',
    'oss://b.oss-cn-hangzhou.aliyuncs.com',
    'cosn://b',
    'obs://b',
  ],
  container: [
    'abfs://c@account.dfs.core.windows.net',
    'abfss://c@Account.dfs.core.windows.net',
    'wasb://c@account.blob.core.windows.net',
    'WASBS://c@account.blob.core.windows.net',
  ],
  account: ['abfss://c@other.dfs.core.windows.net'],
  unknown: ['viewfs://cluster'],
}
const store = fc.constantFrom(...Object.keys(STORES))
const nameOf = (key: string) => fc.constantFrom(...(STORES[key] ?? []))

test('a place is the same by all names of its store, and with slashes more or less', () => {
  const two = store.chain((key) => fc.tuple(nameOf(key), nameOf(key)))
  fc.assert(
    fc.property(
      two,
      names,
      slashes,
      slashes,
      fc.constantFrom('', '/', '//'),
      ([one, other], path, first, between, last) => {
        const a = `${one}/${path.join('/')}`
        const b = `${other}${other === '' || /:$/.test(other) ? '/' : first}${path.join(between)}${last}`
        assert.ok(maySharePlace(a, b), `${a} and ${b}`)
        assert.ok(mayLieIn(`${b}/x`, a) && mayLieIn(`${a}/x/y`, b))
        assert.ok(!mayLieIn(a, `${b}/x`))
      },
    ),
  )
})

test('what lies in a folder for certain may lie in it, and what has another path does not', () => {
  fc.assert(
    fc.property(store.chain(nameOf), store.chain(nameOf), names, names, (one, other, inner, outer) => {
      const [a, b] = [`${one}/${inner.join('/')}`, `${other}/${outer.join('/')}`]
      if (liesIn(a, b)) assert.ok(mayLieIn(a, b))
      const isPrefix = outer.every((segment, at) => inner[at] === segment)
      if (mayLieIn(a, b)) assert.ok(isPrefix, `${a} in ${b}`)
      assert.equal(liesIn(a, b) && liesIn(b, a), canonicalLocation(a) === canonicalLocation(b))
      assert.equal(mayLieIn(a, b) && mayLieIn(b, a), maySharePlace(a, b))
      assert.equal(mayLieIn(a, b), `${placeOf(a)}/`.startsWith(`${placeOf(b)}/`))
    }),
  )
})

test('a name that begins with that of a folder is not in it', () => {
  for (const prefix of ['', 's3://b', 'hdfs://nn:8020', 'abfs://c@a.dfs.core.windows.net']) {
    for (const isIn of [liesIn, mayLieIn]) {
      assert.ok(!isIn(`${prefix}/a/bc`, `${prefix}/a/b`))
      assert.ok(!isIn(`${prefix}/a/b`, `${prefix}/a/bc`))
      assert.ok(!isIn(`${prefix}/a%2Fb/c`, `${prefix}/a/b`))
      assert.ok(!isIn(`${prefix}/A/b/c`, `${prefix}/a/b`))
      assert.ok(isIn(`${prefix}/a//b/c`, `${prefix}//a/b//`))
      assert.ok(isIn(`${prefix}/a/b/`, `${prefix}/a/b`))
      assert.ok(isIn(`${prefix}/a`, `${prefix}/`))
    }
  }
})

test('only its own name makes a store certain', () => {
  assert.ok(liesIn('s3a://b/w/t', 's3://b/w') && liesIn('file:/w/t', '/w'))
  assert.ok(liesIn('hdfs://nn:8020/w/t', 'hdfs://nn:8020/w'))
  for (const other of ['hdfs:///w', 'hdfs://nn/w', 'hdfs://other:8020/w', 'webhdfs://nn:9870/w']) {
    assert.ok(!liesIn('hdfs://nn:8020/w/t', other))
    assert.ok(mayLieIn('hdfs://nn:8020/w/t', other))
  }
  assert.ok(!mayLieIn('s3://B/w/t', 's3://b/w'))
  assert.ok(!mayLieIn('s3://b.c/w/t', 's3://b/w'))
  assert.ok(!mayLieIn('abfs://c@one.dfs.core.windows.net/w', 'abfs://c@two.dfs.core.windows.net/w'))
  assert.ok(!mayLieIn('/w', 'hdfs:///w'))
})

test('what a place is called does not change when it is asked again', () => {
  fc.assert(
    fc.property(store.chain(nameOf), names, (prefix, path) => {
      const place = placeOf(`${prefix}/${path.join('/')}`)
      assert.equal(placeOf(place), place)
      assert.doesNotMatch(place, /[^/]\/$/)
    }),
  )
})

test('the folder of a file is spelled as the file is', () => {
  assert.equal(folderOf('/x'), '/')
  assert.equal(folderOf('s3a://b//t/metadata/v1.json'), 's3a://b//t/metadata/')
  assert.equal(folderOf('s3://b/t/'), 's3://b/t/')
  assert.equal(folderOf('x'), '')
  fc.assert(
    fc.property(store.chain(nameOf), names, (prefix, path) => {
      const file = `${prefix}/${path.join('/')}`
      assert.equal(
        parseLocation(folderOf(file)).path,
        `${parseLocation(file).path.slice(0, -(path.at(-1) ?? '').length)}`,
      )
      assert.ok(liesIn(file, folderOf(file)))
    }),
  )
})

test('tells what is a location', () => {
  for (const text of ['/', '/a', 'file:/a', 's3://b', 'hdfs:/a', 'viewfs://c/a']) assert.ok(isLocation(text), text)
  for (const text of ['', 'a/b', 'prod', 's3:b/a', '/a/../b', '/a\0b', 'file://host/a']) {
    assert.ok(!isLocation(text), text)
    for (const ask of [() => placeOf(text), () => liesIn(text, '/'), () => mayLieIn('/', text)]) {
      assert.throws(ask, (error) => isKind(error, 'invalid-input'))
    }
  }
})
