import { setTimeout as sleep } from 'node:timers/promises'
import type { LabDatabase } from '../database/lab-database.ts'
import type { Crew, Member } from './crew.ts'
import type { Deed } from './saboteur.ts'

/** Does what was planned, each at its time, and ends when all is given back. Returns how often each could be done. */
export async function sabotage(
  deeds: readonly Deed[],
  crew: Crew,
  lab: LabDatabase,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const done = new Map<string, number>()
  const begun = performance.now()
  const carryOut = async (deed: Deed) => {
    await sleep(Math.max(0, deed.atMs - (performance.now() - begun)), undefined, { signal })
    const giveBack = commit(deed, crew, lab)
    if (giveBack === undefined) return
    done.set(deed.kind, (done.get(deed.kind) ?? 0) + 1)
    try {
      await sleep(deed.forMs, undefined, { signal })
    } finally {
      giveBack()
    }
  }
  await Promise.all(deeds.map(carryOut))
  // Of two deeds that overlap the first to end gives back what the other still took, or the other way round.
  for (const each of [...crew.servers, ...crew.optimizers]) {
    signalAll([each.pid(), ...each.children()], 'SIGCONT')
    each.start()
  }
  for (const { toDatabase, fromClients } of crew.servers) {
    toDatabase.heal()
    fromClients.heal()
  }
  lab.server.startAgain()
  return done
}

/** Returns what gives back; nothing where there was nobody. */
function commit({ kind, victim }: Deed, crew: Crew, lab: LabDatabase): (() => void) | undefined {
  const [server, optimizer] = [crew.servers[victim], crew.optimizers[victim]]
  switch (kind) {
    case 'kill-server':
      return killed(server)
    case 'kill-optimizer':
      return killed(optimizer)
    case 'stop-server':
      return stopped([server?.pid()])
    case 'stop-optimizer':
      return stopped([optimizer?.pid()])
    case 'kill-executor':
      return signalAll(optimizer?.children() ?? [], 'SIGKILL') ? () => {} : undefined
    case 'stop-executor':
      return stopped(optimizer?.children() ?? [])
    case 'cut-server-from-database':
      server?.toDatabase.silence()
      return () => server?.toDatabase.heal()
    case 'cut-writers-from-server':
      server?.fromClients.silence()
      return () => server?.fromClients.heal()
    case 'kill-database':
      lab.server.kill()
      return () => lab.server.startAgain()
  }
}

function killed(member: Member | undefined): (() => void) | undefined {
  return member?.kill() ? () => member.start() : undefined
}

function stopped(pids: readonly (number | undefined)[]): (() => void) | undefined {
  if (!signalAll(pids, 'SIGSTOP')) return undefined
  return () => void signalAll(pids, 'SIGCONT')
}

/** Whether anybody was there to get it. */
function signalAll(pids: readonly (number | undefined)[], signal: NodeJS.Signals): boolean {
  let reached = false
  for (const pid of pids) {
    if (pid === undefined) continue
    try {
      process.kill(pid, signal)
      reached = true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return reached
}
