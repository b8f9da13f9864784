import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { linearPattern } from './linear-pattern.ts'

const matches = (pattern: string, text: string) => linearPattern(pattern, 'it')(text)

test('no pattern takes more time than the text is long', () => {
  const name = `${'a'.repeat(100_000)}!`
  for (const pattern of ['(a+)+$', '(a|a)*', '(a|aa)+', '(.*a){20}', '(?!(a+)+$).*b']) {
    assert.equal(matches(pattern, name), false, pattern)
  }
})

test('what would take too long to understand is refused', () => {
  const large = ['.{0,1000}'.repeat(50), '(a{0,999})'.repeat(3), `(${'ab'.repeat(400)}){900}`, 'a'.repeat(1001)]
  for (const pattern of large) assert.throws(() => matches(pattern, ''), /it is a regular expression that is too large/)
  assert.equal(matches('[a-z]{1,255}\\.[a-z]{1,255}', 'sales.orders'), true)
})

test('a look-ahead in the first place means what it means in Java', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'A', '|', '('), maxLength: 6 })
  const patterns = [
    '(?!a).*',
    '^(?!a$).*$',
    '(?!.*b)(?=.*a).*',
    '(?=[ab|(]+)a.*',
    '(?!(?:a|b)b)[ab]*',
    '(?!a\\||b\\()[^A]*',
    '(?!a[)|]?b)(?:a|b).*',
    '(?![]a])[ab.]*',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...patterns), texts, (pattern, text) => {
      assert.equal(matches(pattern, text), new RegExp(`^(?:${pattern.replace('[]', '[\\]')})$`, 's').test(text))
    }),
    { numRuns: 2000 },
  )
  assert.equal(matches('(?i)(?!TMP_).*', 'tmp_a'), false)
})

test('what needs more than linear time is refused with a remedy, also where a look-ahead means something else', () => {
  const refused = [
    ...['a(?!b)', '(?<!a)b', '(?<=a)b', '(a)\\1', 'a++', '(?>a)', '(?<n>a)\\k<n>', '(?!a)b|c', '(?!a)*b'],
    ...['(?!\\Q)\\E)b', '(?!a', '((?!a)b)'],
  ]
  for (const pattern of refused) {
    assert.throws(
      () => matches(pattern, 'b'),
      (error) => isKind(error, 'invalid-input') && /it is no regular .* are not supported: list/.test(error.message),
      pattern,
    )
  }
})
