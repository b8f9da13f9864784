import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampleManifest } from '../manifest/testing/sample-entry.ts'
import { cutRange, type ScanRange, wholeRange } from './scan-range.ts'
import type { ScanSection } from './scan-sections.ts'

const sections: fc.Arbitrary<readonly ScanSection[]> = fc
  .array(fc.record({ size: fc.nat(12), isNeeded: fc.boolean() }), { maxLength: 8 })
  .map((parts) => {
    let from = 0
    return parts.map(({ size, isNeeded }) => {
      const section = { manifest: sampleManifest(), from, to: from + size, isNeeded }
      from += size
      return section
    })
  })

/** The numbers of the needed entries in a range. */
function needed(all: readonly ScanSection[], { from, to }: ScanRange): readonly number[] {
  return all
    .filter(({ isNeeded }) => isNeeded)
    .flatMap((section) => Array.from({ length: section.to - section.from }, (_, at) => section.from + at))
    .filter((at) => at >= from && at < to)
}

test('parts hold each needed entry once, in order, and few enough of them', () => {
  fc.assert(
    fc.property(sections, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 2, max: 4 }), (all, limit, parts) => {
      const whole = wholeRange(all)
      const cuts = cutRange(all, whole, limit, Number.MAX_SAFE_INTEGER)
      assert.deepEqual(
        cuts.flatMap((cut) => needed(all, cut)),
        needed(all, whole),
      )
      assert.ok(cuts.every((cut) => cut.from < cut.to && needed(all, cut).length <= limit))
      const joined = cutRange(all, whole, limit, parts)
      assert.ok(joined.length <= parts)
      assert.deepEqual(
        joined.flatMap((cut) =>
          cutRange(all, cut, limit, Number.MAX_SAFE_INTEGER).flatMap((each) => needed(all, each)),
        ),
        needed(all, whole),
      )
    }),
  )
})

test('a manifest that is said to hold more than anything could is cut into as many parts as are asked for', () => {
  const most = Number.MAX_SAFE_INTEGER
  const section: ScanSection = { manifest: sampleManifest(), from: 0, to: most, isNeeded: true }
  const cuts = cutRange([section], { from: 0, to: most }, 10, 100)
  assert.equal(cuts.length, 100)
  assert.deepEqual([cuts[0]?.from, cuts.at(-1)?.to], [0, most])
})

test('manifests that fit are not cut', () => {
  const section = (from: number, to: number): ScanSection => ({ manifest: sampleManifest(), from, to, isNeeded: true })
  const cuts = cutRange([section(0, 6), section(6, 12), section(12, 32)], { from: 0, to: 32 }, 10, 100)
  assert.deepEqual(cuts, [
    { from: 0, to: 6 },
    { from: 6, to: 12 },
    { from: 12, to: 22 },
    { from: 22, to: 32 },
  ])
})
