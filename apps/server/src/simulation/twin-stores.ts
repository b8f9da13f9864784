import { isDeepStrictEqual } from 'node:util'
import type { Stores } from '@moraine/management/store/stores'
import { describeError } from '@moraine/stdx/error'

/**
 * Stores that ask two implementations every question and tell of every difference between their answers; callers get
 * that of the first. One call at a time, so that both see the same history.
 */
export function twinStores(first: Stores, second: Stores, onDifference: (difference: string) => void): Stores {
  let last: Promise<unknown> = Promise.resolve()
  const both = async (name: string, ask: readonly [() => unknown, () => unknown]) => {
    const [one, other] = [await outcome(ask[0]), await outcome(ask[1])]
    if (!isDeepStrictEqual(comparable(one), comparable(other))) {
      onDifference(`${name} answers ${describe(one)} and ${describe(other)}`)
    }
    if ('error' in one) throw one.cause
    return one.value
  }
  const twin = <T extends object>(name: string, one: T, other: T): T =>
    Object.fromEntries(
      (Object.keys(one) as (keyof T & string)[]).map((method) => [
        method,
        (...args: unknown[]) => {
          const ask = (target: T) => () => (target[method] as (...args: unknown[]) => unknown)(...args)
          const answer = last.then(() => both(`${name}.${method}`, [ask(one), ask(other)]))
          last = answer.catch(() => undefined)
          return answer
        },
      ]),
    ) as T
  return Object.fromEntries(
    (Object.keys(first) as (keyof Stores)[]).map((name) => [name, twin(name, first[name], second[name])]),
  ) as unknown as Stores
}

type Outcome = { readonly value: unknown } | { readonly error: string; readonly cause: unknown }

async function outcome(ask: () => unknown): Promise<Outcome> {
  try {
    return { value: await ask() }
  } catch (cause) {
    return { error: describeError(cause), cause }
  }
}

/** Counts and clocks come in no particular order. */
function comparable(answer: Outcome): unknown {
  if ('error' in answer) return answer.error
  const { value } = answer
  if (value instanceof Map) return sorted([...value])
  return Array.isArray(value) && value.some(isCount) ? sorted(value) : value
}

function isCount(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'tables' in value !== 'tasks' in value
}

function sorted(values: readonly unknown[]): readonly string[] {
  return values.map((each) => describe(each)).sort((a, b) => (a < b ? -1 : 1))
}

function describe(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each))
}
