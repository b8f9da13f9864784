import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import fc from 'fast-check'
import { evaluateTable } from './evaluate-table.ts'
import { nextTriggerAt } from './next-trigger.ts'
import { parseOptimizingPolicy } from './optimizing-policy.ts'
import { indexOfTasks } from './testing/index-of-tasks.ts'

const MIB = 1024 * 1024
const NOW = 1_000_000

/** Also such as a clock wrote that was ahead. */
const times = fc.integer({ min: 0, max: 2 * NOW })
const table = fc.record({
  sizes: fc.array(fc.constantFrom(1, 15, 20, 60, 127, 130), { minLength: 1, maxLength: 5 }),
  minorMs: fc.constantFrom(-1, 1000, 700_000),
  fullMs: fc.constantFrom(-1, 5000, 900_000),
  isOutdated: fc.boolean(),
  clocks: fc.record({ minor: times, major: times, full: times }),
})

test('until the time that is told no trigger holds, and none ever if none is told', () => {
  fc.assert(
    fc.property(table, fc.double({ min: 0, max: 1, noNaN: true }), ({ sizes, clocks, ...given }, fraction) => {
      const tasks = sizes.map((size, at) => ({
        data: manifestEntry(1, { filePath: `/t/f${at}.parquet`, fileSizeBytes: size * MIB, recordCount: 1000 }),
        deletes: [],
      }))
      const policy = parseOptimizingPolicy({
        'self-optimizing.minor.trigger.interval': String(given.minorMs),
        'self-optimizing.full.trigger.interval': String(given.fullMs),
      })
      const last = { minor: clocks.minor, major: clocks.major, full: clocks.full } as Record<
        keyof typeof clocks,
        EpochMs
      >
      const evaluate = (now: number) =>
        evaluateTable({
          metadata: {
            schemas: [{ schemaId: 0, fields: [], identifierFieldIds: [] }],
            currentSchemaId: 0,
            partitionSpecs: [
              { specId: 0, fields: [] },
              { specId: 1, fields: [] },
            ],
            defaultSpecId: given.isOutdated ? 1 : 0,
            defaultSortOrderId: 0,
          },
          index: indexOfTasks(tasks),
          policy,
          requested: 'auto',
          clocks: () => last,
          now: now as EpochMs,
        }).partitions
      const isDue = (now: number) => evaluate(now).some(({ evaluation }) => evaluation.trigger !== undefined)
      fc.pre(!isDue(NOW))
      const next = nextTriggerAt(evaluate(NOW), policy, () => last, NOW as EpochMs)
      assert.ok(next === undefined || next > NOW)
      const before = (next ?? 1e12) - 1
      assert.equal(isDue(NOW + Math.floor((before - NOW) * fraction)), false)
      assert.equal(isDue(before), false)
    }),
    { numRuns: 1000 },
  )
})
