import type { TableSettings } from '@moraine/management/records/table-settings'
import type { Clock } from '@moraine/stdx/clock'
import type { Dice } from './dice.ts'
import { appendFile, type Lake, type SimulatedTable } from './lake.ts'

/** Tables that want more, together, than the threads of their group can do; nothing fails. */
export type SteadyWork = {
  readonly tables: readonly { readonly name: string; readonly settings: TableSettings }[]
  readonly threads: number
}

export function drawSteadyWork(dice: Dice, settings: TableSettings): SteadyWork {
  const threads = dice.between(2, 3)
  const quotas = [0.1, 0.3, 0.5, 0.8, 1, 2, 3]
  return {
    threads,
    tables: Array.from({ length: dice.between(4, 5) * threads }, (_, index) => ({
      name: `t${index}`,
      settings: { ...settings, quota: dice.pick(quotas) ?? 1 },
    })),
  }
}

const PARTITIONS = ['a', 'b', 'c']
const MINUTE_MS = 60_000

/** Appends small files in spells: some write while others rest, and each looks back on another hour. */
export async function writeInSpells(
  lake: Lake,
  table: SimulatedTable,
  { dice, clock }: { readonly dice: Dice; readonly clock: Pick<Clock, 'now' | 'sleep'> },
  isOver: () => boolean,
): Promise<void> {
  for (;;) {
    const spellEnd = clock.now() + dice.between(20, 80) * MINUTE_MS
    while (clock.now() < spellEnd) {
      await clock.sleep(dice.between(4000, 20_000))
      if (isOver()) return
      appendFile(lake, table, dice.pick(PARTITIONS) ?? 'a')
    }
    await clock.sleep(dice.between(0, 60) * MINUTE_MS)
  }
}
