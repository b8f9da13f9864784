import { parseArgs } from 'node:util'
import { MoraineError } from '@moraine/stdx/error'
import type { SimulationOptions } from './simulate-many.ts'

export type SimArguments =
  /** Whether the seeds find what was done to a copy of the sources. */
  { readonly kind: 'defects'; readonly threads: number } | ({ readonly kind: 'seeds' } & SeedArguments)

export type SeedArguments = {
  readonly from: number
  readonly seeds: readonly number[]
  readonly options: SimulationOptions & { readonly threads: number }
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

/**
 * Reads what `npm run sim` is told: `--defects [--threads 2]`, or `[--seeds 1000] [--from 1] [--threads 2] [--servers N]
 * [--[no-]allocates] [--[no-]asks] [--[no-]renames] [--hangs] [--alters] [--skewed] [--sqlite] [--crowded] [--steady]`.
 *
 * @throws {MoraineError} `invalid-input` naming what cannot be read, or what cannot be had together: nothing is run then
 */
export function readSimArguments(args: readonly string[]): SimArguments {
  const values = parse(args)
  if (values.defects === true) return readDefectArguments(values)
  const from = countIn(values, 'from', 1, 0)
  const count = countIn(values, 'seeds', 1000)
  const servers = values.servers === undefined ? undefined : countIn(values, 'servers', 1)
  if (values.sqlite === true && servers !== undefined && servers !== 1) {
    throw invalid('--sqlite runs one server, since its leases go by another clock: leave --servers out')
  }
  if (values.crowded === true && values.alters === true) {
    throw invalid('--crowded and --alters cannot be had together: tables that are held for good keep what they are')
  }
  if (values.crowded === true && values.allocates === true) {
    throw invalid('--crowded and --allocates cannot be had together: in a crowded world nobody launches optimizers')
  }
  if (values.skewed === true && (values.sqlite === true || servers === 1)) {
    throw invalid('--skewed wants several servers, whose clocks differ: leave out --servers 1 and --sqlite')
  }
  const other = STEADY_EXCLUDES.find((name) => values[name] === true)
  if (values.steady === true && (other !== undefined || (servers ?? 1) !== 1)) {
    throw invalid(`--steady and --${other ?? 'servers'} cannot be had together: in a steady world nothing else happens`)
  }
  return {
    kind: 'seeds',
    from,
    seeds: Array.from({ length: count }, (_, index) => from + index),
    options: {
      threads: countIn(values, 'threads', 2),
      ...(servers !== undefined && { servers }),
      ...(values.sqlite !== undefined && { sqlite: values.sqlite }),
      ...(values.allocates !== undefined && { allocates: values.allocates }),
      ...(values.asks !== undefined && { asks: values.asks }),
      ...(values.renames !== undefined && { renames: values.renames }),
      ...(values.hangs !== undefined && { hangs: values.hangs }),
      ...(values.alters !== undefined && { alters: values.alters }),
      ...(values.skewed !== undefined && { skewed: values.skewed }),
      ...(values.crowded !== undefined && { crowded: values.crowded }),
      ...(values.steady !== undefined && { steady: values.steady }),
    },
  }
}

const OPTIONS = {
  ...{ seeds: text, from: text, threads: text, servers: text },
  ...{
    sqlite: flag,
    allocates: flag,
    asks: flag,
    renames: flag,
    hangs: flag,
    skewed: flag,
    alters: flag,
    crowded: flag,
    steady: flag,
    defects: flag,
  },
}

const STEADY_EXCLUDES = ['allocates', 'asks', 'renames', 'hangs', 'alters', 'skewed', 'crowded'] as const

function readDefectArguments(values: ReturnType<typeof parse>): SimArguments {
  const other = Object.keys(values).find((name) => name !== 'defects' && name !== 'threads')
  if (other !== undefined)
    throw invalid(`--${other} has no meaning with --defects: each defect names its world and seeds`)
  return { kind: 'defects', threads: countIn(values, 'threads', 2) }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: OPTIONS,
    }).values
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

type Counts = { readonly seeds?: string; readonly from?: string; readonly threads?: string; readonly servers?: string }

/** More than any machine gets through. */
const COUNT_MAX = 1_000_000_000

function countIn(values: Counts, name: keyof Counts, absent: number, least = 1): number {
  const written = values[name]
  if (written === undefined) return absent
  const count = /^\d{1,10}$/.test(written) ? Number(written) : Number.NaN
  if (count >= least && count <= COUNT_MAX) return count
  throw invalid(`--${name} is '${written}': write a number from ${least} to ${COUNT_MAX}`)
}

function invalid(problem: string, cause?: unknown): MoraineError {
  return new MoraineError('invalid-input', problem, { cause })
}
