import assert from 'node:assert/strict'
import { test } from 'node:test'
import { budgetTable } from './budget-table.ts'

test('a budget that is missed is said in its line and at the end', () => {
  const lines: string[] = []
  const table = budgetTable((line) => lines.push(line.replaceAll(/ {2,}/g, ' ')))
  table.line('commits/s', [300], { atLeast: 300 })
  table.line('loads, ms', [1.004, 9], { atMost: 1 }, 2)
  table.line('megabytes', [12.34], undefined, 1)
  table.line('% made', [98.9], { atLeast: 99 }, 1)
  table.line('never measured', [Number.NaN], { atMost: 5 })
  table.unmeasured('no budget: 32 writers not run')
  assert.deepEqual(lines, [
    'commits/s 300 >= 300',
    'loads, ms 1.00 9.00 <= 1, missed',
    'megabytes 12.3',
    '% made 98.9 >= 99, missed',
    'never measured - <= 5, missed',
    'no budget: 32 writers not run',
  ])
  assert.deepEqual(table.missed(), ['loads, ms', '% made', 'never measured', 'no budget: 32 writers not run'])
})
