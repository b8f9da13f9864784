import assert from 'node:assert/strict'
import { test } from 'node:test'
import { propertiesOfText, textOfProperties } from './property-text.ts'

test('properties are lines, and are had back from them', () => {
  const properties = { windows: '0 22 * * * for 6h Europe/Berlin', 'local.env.JAVA_OPTS': '-Da=b', memory: '1024' }
  assert.deepEqual(propertiesOfText(textOfProperties(properties)), properties)
  assert.equal(textOfProperties({}), '')
})

test('empty lines and spaces around mean nothing; a line without a value has none', () => {
  assert.deepEqual(propertiesOfText('\n  memory = 512 \r\n\npaused\n'), { memory: '512', paused: '' })
})
