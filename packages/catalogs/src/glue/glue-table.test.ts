import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { findGlueMove, movedAway } from './glue-table.ts'

test('where a table is being moved is told apart, also by names with dots', () => {
  const targets = [
    { namespace: ['a'], name: 'b.c' },
    { namespace: ['a.b'], name: 'c' },
  ].map((to) => {
    const { Parameters } = movedAway({ Name: 't' }, to, 's3://b/t/v1.metadata.json')
    return must(findGlueMove({ Name: 't', Parameters }), 'a move').to
  })
  assert.notEqual(targets[0], targets[1])
})
