import { describeUnrest, isAtRest } from './rest.ts'
import { createWorld, START, type World } from './world.ts'
import { planWorld, type SimulatedParts } from './world-plan.ts'

export type Simulation = {
  readonly seed: number
  /** SHA-256 over every change of state, with its time: equal for equal seeds. */
  readonly trace: string
  /** The rule that was broken, and when; `undefined` if all held to the end. */
  readonly failure: string | undefined
  readonly steps: number
  readonly virtualMs: number
  readonly counts: Readonly<
    Record<
      'processes' | 'attempts' | 'terms' | 'serviceDeaths' | 'optimizerDeaths' | 'launches' | 'lostLaunches' | 'rows',
      number
    >
  >
}

/** Within this much quiet time everything must have come to rest. */
const REST_MS = 6 * 3_600_000
/** The same where clocks were ahead by hours: what is to be deleted at some time is deleted at that time. */
const SKEWED_REST_MS = 24 * 3_600_000
/** In an hour of virtual time. */
const STEPS_MAX = 16_000

/**
 * Runs the service's real scheduling over real (memory) stores in virtual time: first a storm, in which messages,
 * calls, optimizers and the service itself fail at random, then quiet, in which everything must come to rest with every
 * table healthy. Rules are checked after each step. With a twin, every question to the stores is put to it too, and the
 * answers must be equal.
 */
export async function simulate(seed: number, parts: SimulatedParts = {}): Promise<Simulation> {
  const plan = planWorld(seed, parts)
  const world = createWorld(plan)
  const { steps, failure } = await runToRest(world, plan.skewed ? SKEWED_REST_MS : REST_MS)
  const trace = world.trace()
  world.end()
  await untilQuiet()
  return {
    seed,
    trace,
    failure: failure === undefined ? undefined : `${failure} (seed ${seed}, step ${steps})`,
    steps,
    virtualMs: world.clock.now() - START,
    counts: countsOf(world),
  }
}

async function runToRest(
  world: World,
  restMs: number,
): Promise<{ readonly steps: number; readonly failure: string | undefined }> {
  const calmAt = START + world.stormMs
  const endAt = calmAt + restMs
  let calm = false
  let steps = 0
  await untilQuiet()
  for (;;) {
    const moves = world.clock.step()
    await untilQuiet()
    steps += 1
    const failure = moves ? world.broken() : 'nobody waits for anything'
    if (failure !== undefined) return { steps, failure }
    if (!calm && world.clock.now() >= calmAt) {
      calm = true
      world.calm()
    }
    if (calm && isAtRest(world)) return { steps, failure: undefined }
    if (steps > (STEPS_MAX * (endAt - START)) / 3_600_000)
      return { steps, failure: 'time hardly moves: something is busy with nothing' }
    if (world.clock.now() > endAt) return { steps, failure: `not at rest: ${describeUnrest(world)}` }
  }
}

/** Lets everything run that waits for no time. */
function untilQuiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function countsOf({ state: { processes, resources }, deaths, lake, terms }: World): Simulation['counts'] {
  return {
    ...deaths,
    terms: terms(),
    processes: processes.size,
    launches: resources.size,
    lostLaunches: [...resources.values()].filter(({ state }) => state.status === 'ended' && state.isFailure).length,
    attempts: [...processes.values()].reduce((sum, { attempts }) => sum + attempts.size, 0),
    rows: [...lake.tables.values()].reduce((sum, { rows }) => sum + rows.size, 0),
  }
}
