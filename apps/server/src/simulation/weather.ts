import type { Dice } from './dice.ts'
import type { MishapRates } from './faults.ts'

/** Each seed has its own weather: some faults frequent, some absent. */
export function stormRates(dice: Dice): MishapRates {
  const rate = (most: number) => (dice.chance(0.3) ? 0 : (dice.between(1, 100) / 100) * most)
  return {
    loss: rate(0.2),
    doubling: rate(0.3),
    error: rate(0.05),
    delay: rate(0.3),
    serviceCrash: rate(0.005),
    optimizer: rate(0.6),
  }
}
