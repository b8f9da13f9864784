import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderLeases, Lease, LeaseRequest } from '@moraine/management/records/leader-lease'
import { must } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import type { MemoryState } from './memory-state.ts'

/** @param clock stands for that of the database */
export function memoryLeases({ leases }: Pick<MemoryState, 'leases'>, clock: Pick<Clock, 'now'>): LeaderLeases {
  const toLease = (name: string, { holder, epoch, expiresAt, address }: MemoryLease): Lease => ({
    name,
    holder,
    epoch,
    remainingMs: expiresAt - clock.now(),
    address,
  })
  const save = ({ name, holder, ttlMs, address }: LeaseRequest, epoch: number): Lease => {
    const lease = { holder, epoch, expiresAt: clock.now() + ttlMs, address }
    leases.set(name, lease)
    return toLease(name, lease)
  }
  return {
    async acquire(request) {
      const known = leases.get(request.name)
      if (known === undefined) return { kind: 'held', lease: save(request, 1) }
      const isTaken = known.holder !== request.holder && known.holder !== undefined && known.expiresAt > clock.now()
      if (isTaken) return { kind: 'taken', lease: toLease(request.name, known) }
      return { kind: 'held', lease: save(request, known.epoch + (known.holder === request.holder ? 0 : 1)) }
    },
    async renew(request) {
      const fence = { lease: request.name, holder: request.holder, epoch: request.epoch }
      return holdsFence({ leases }, fence) ? save(request, request.epoch) : undefined
    },
    async release(fence) {
      if (!holdsFence({ leases }, fence)) return false
      leases.set(fence.lease, { holder: undefined, epoch: fence.epoch, expiresAt: 0, address: {} })
      return true
    },
    async read(name) {
      const known = leases.get(name)
      return known && toLease(name, known)
    },
    async list(prefix) {
      const names = [...leases.keys()].filter((name) => name.startsWith(prefix)).toSorted()
      return names.map((name) => toLease(name, must(leases.get(name), name)))
    },
  }
}

export type MemoryLease = Pick<Lease, 'holder' | 'epoch' | 'address'> & { readonly expiresAt: number }

export function holdsFence({ leases }: Pick<MemoryState, 'leases'>, { lease, holder, epoch }: Fence): boolean {
  const known = leases.get(lease)
  return known?.holder === holder && known.epoch === epoch
}
