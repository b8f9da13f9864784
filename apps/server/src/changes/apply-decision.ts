import type { StateChange } from '@moraine/management/store/state-change'
import type { StateStore } from '@moraine/management/store/state-store'
import { MoraineError } from '@moraine/stdx/error'

const TRIES_MAX = 20

/**
 * Loads, decides and writes, again from the start if somebody else changed the state in between.
 *
 * @throws {MoraineError} `unavailable` if the state never held still, or another server leads.
 */
export async function applyDecision<D extends { readonly changes: readonly StateChange[] }>(
  state: StateStore,
  what: string,
  decide: () => Promise<D>,
): Promise<D> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const decision = await decide()
    if (decision.changes.length === 0) return decision
    const outcome = await state.apply(decision.changes)
    if (outcome.kind === 'applied') return decision
    if (outcome.kind === 'deposed') throw deposed(what)
  }
  throw new MoraineError('unavailable', `${what}: the state changed ${TRIES_MAX} times while it was being decided on`)
}

/** Of a server that does not lead any more: nothing was written. */
export function deposed(what: string): MoraineError {
  return new MoraineError('unavailable', `${what}: another server leads now`)
}
