import assert from 'node:assert/strict'
import { eventually } from '@moraine/testkit/eventually'
import { type Leashed, startLeashed } from '../lab/leashed.ts'

/** Processes that stand for election, each at a port of its own that it publishes as that of its table service. */
export type Candidates = {
  /** With an address other than that of the server, for one that reaches it in its own way. */
  start(port: number, otherwise?: { readonly address: string; readonly sessionMs?: number }): Candidate
  /** Fails if two had their turns at once. To be asked when all has happened. */
  assertNeverTwo(): void
  stopAll(): Promise<void>
}

export type Candidate = {
  readonly port: number
  /** Once its turn with this number has begun, and it is published. */
  hasTurn(number: number): Promise<void>
  /** Once that turn is over; whether its signal had aborted. */
  hasLost(number: number): Promise<string>
  /** Once it acts again. */
  acts(): Promise<void>
  /** What it has printed of its turn since it printed so many lines. */
  since(lines: number): readonly string[]
  printed(): number
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Asks it to leave the line. */
  leave(): Promise<void>
}

export function startCandidates(address: string, cluster: string, sessionMs: number): Candidates {
  const all: { readonly port: number; readonly process: Leashed }[] = []
  return {
    start(port, otherwise) {
      const reach = { address, sessionMs, ...otherwise }
      const args = ['--conditions=development', 'interop/leadership/candidate.ts', reach.address, cluster, String(port)]
      const process = startLeashed('node', ['scripts/node.mjs', ...args, String(reach.sessionMs)])
      all.push({ port, process })
      return candidate(port, process)
    },
    assertNeverTwo() {
      const spans = all.flatMap(({ port, process }) => turnSpans(port, process.lines()))
      spans.sort((one, other) => (one.from < other.from ? -1 : 1))
      for (const [at, span] of spans.entries()) {
        const next = spans[at + 1]
        if (next === undefined) continue
        assert.ok(
          span.to <= next.from,
          `${span.port} acted until ${span.to}, and ${next.port} had its turn at ${next.from}`,
        )
      }
    },
    async stopAll() {
      for (const { process } of all) process.kill()
      await Promise.all(all.map(({ process }) => process.ended))
    },
  }
}

function candidate(port: number, running: Leashed): Candidate {
  const lines = running.lines
  return {
    port,
    async hasTurn(number) {
      await running.line(new RegExp(`^turn ${number} `))
      await running.line(new RegExp(`^published ${number}$`))
    },
    hasLost: (number) => running.line(new RegExp(`^over ${number} `)),
    async acts() {
      const before = lines().length
      await eventually(`an act of ${port}`, () =>
        lines()
          .slice(before)
          .find((line) => line.startsWith('act ')),
      )
    },
    since: (count) =>
      lines()
        .slice(count)
        .filter((line) => /^(turn|act|over) /.test(line)),
    printed: () => lines().length,
    async signal(name) {
      process.kill(Number((await running.line(/^pid /)).slice(4)), name)
    },
    async leave() {
      const { code, stderr } = await running.stop()
      assert.equal(code, 0, stderr)
    },
  }
}

type Span = { readonly port: number; readonly from: bigint; readonly to: bigint }

/** From where a turn was given to the last act in it. */
function turnSpans(port: number, lines: readonly string[]): readonly Span[] {
  const moments = lines.flatMap((line) => {
    const match = /^(turn|act) (\d+) (\d+)/.exec(line)
    return match === null ? [] : [{ number: Number(match[2]), at: BigInt(match[3] ?? 0) }]
  })
  const turns = Map.groupBy(moments, ({ number }) => number)
  return [...turns.values()].map((turn) => ({ port, from: turn[0]?.at ?? 0n, to: turn.at(-1)?.at ?? 0n }))
}
