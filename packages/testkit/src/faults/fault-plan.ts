import type { Random } from '@moraine/stdx/random'
import type { Fault, FaultPlan } from './faulty-file-io.ts'

/** Of 1,000 calls, how many suffer which fault. */
export type FaultRates = {
  readonly before?: number
  readonly after?: number
  readonly late?: number
  readonly short?: number
  /** How late, at most. One minute if not said. */
  readonly latestMs?: number
}

/** Faults by lot; the same seed and the same order of calls give the same faults. */
export function randomFaults(random: Random, rates: FaultRates): FaultPlan {
  const { before = 0, after = 0, late = 0, short = 0, latestMs = 60_000 } = rates
  const draw = (limit: number) => {
    const [high = 0, low = 0] = random.bytes(2)
    return Math.floor(((high * 256 + low) / 65_536) * limit)
  }
  return (): Fault | undefined => {
    const lot = draw(1_000)
    const amount = draw(latestMs + 1)
    if (lot < before) return { kind: 'before', error: amount % 4 === 0 ? 'timeout' : 'unavailable' }
    if (lot < before + after) return { kind: 'after', error: amount % 4 === 0 ? 'timeout' : 'unavailable' }
    if (lot < before + after + late) return { kind: 'late', ms: amount }
    if (lot < before + after + late + short) return { kind: 'short' }
    return undefined
  }
}

/** A disk that takes so many bytes in all; a write that does not fit is refused, smaller ones may still fit. */
export function diskOf(sizeBytes: number): FaultPlan {
  let usedBytes = 0
  return (call) => {
    if (call.operation !== 'write' && call.operation !== 'writerWrite') return undefined
    if (usedBytes + call.sizeBytes > sizeBytes) return { kind: 'before', error: 'exhausted' }
    usedBytes += call.sizeBytes
    return undefined
  }
}

/** The first fault that one of the plans has for a call. Each plan is asked, so that each counts every call. */
export function anyFault(...plans: readonly FaultPlan[]): FaultPlan {
  return (call) => plans.map((plan) => plan(call)).find((fault) => fault !== undefined)
}
