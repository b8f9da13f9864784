import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { parseHiveToken } from './hive-token.ts'

/** Of a Hive Metastore 4.0.1. */
const TOKEN =
  'IgADbGFiBGhpdmUHbGFiQExBQooBogeOrFqKAaIrmzBaAQEU6ryWG-3P6zOYnSQoEowx6FYiisEVSElWRV9ERUxFR0FUSU9OX1RPS0VOAA'

test('what a metastore gave out is taken apart', () => {
  assert.deepEqual(parseHiveToken(` ${TOKEN}\n`), {
    user: 'AANsYWIEaGl2ZQdsYWJATEFCigGiB46sWooBoiubMFoBAQ==',
    password: '6ryWG+3P6zOYnSQoEowx6FYiisE=',
    owner: 'lab',
    lastsUntil: new Date('2026-11-30T08:38:40.474Z'),
  })
})

test('other tokens and what is none are refused without being shown', () => {
  const ofHdfs = Buffer.from(TOKEN, 'base64url').toString('latin1').replace('HIVE', 'HDFS')
  assert.throws(
    () => parseHiveToken(Buffer.from(ofHdfs, 'latin1').toString('base64url')),
    (error) => isKind(error, 'invalid-input') && /of kind HDFS_DELEGATION_TOKEN/.test(error.message),
  )
  for (const none of ['', 'hunter2', TOKEN.slice(0, 40), Buffer.alloc(9, 0xff).toString('base64url')]) {
    assert.throws(
      () => parseHiveToken(none),
      (error) => isKind(error, 'invalid-input') && (none === '' || !error.message.includes(none)),
    )
  }
})
