/** One order of the sample table. `amountCents` is a decimal(10,2), unscaled. */
export type Order = {
  readonly orderId: bigint
  readonly region: Region
  readonly customer: string
  readonly status: string
  readonly amountCents: bigint
  /** Microseconds since the epoch. */
  readonly updatedAt: bigint
}

export type Region = 'eu' | 'us'
export const REGIONS: readonly Region[] = ['eu', 'us']

/** What one commit of the sample's writer does: new orders, new versions of old ones, and orders taken out. */
export type OrderBatch = {
  readonly inserted: readonly Order[]
  /** Their old versions are deleted by key. */
  readonly updated: readonly Order[]
  readonly deleted: readonly Pick<Order, 'orderId' | 'region'>[]
}

const INSERTS = 2000
const UPDATES = 150
const DELETES = 50
const STATUSES = ['placed', 'paid', 'packed', 'shipped', 'delivered']

/**
 * The batch of a commit: a pure function of its number, so that a writer that starts again goes on where it stopped.
 * Updates and deletes hit orders of earlier commits; an order deleted once may be named again, and then nothing happens.
 */
export function orderBatch(commit: number, nowMicros: bigint): OrderBatch {
  const first = commit * INSERTS
  const earlier = (index: number, salt: number) => Math.floor(hash(commit * 131 + index * 7 + salt) * first)
  return {
    inserted: range(INSERTS).map((index) => order(first + index, 0, nowMicros)),
    updated:
      first === 0
        ? []
        : distinct(range(UPDATES).map((index) => earlier(index, 1))).map((id) => order(id, commit, nowMicros)),
    deleted:
      first === 0
        ? []
        : distinct(range(DELETES).map((index) => earlier(index, 2))).map((id) => ({
            orderId: BigInt(id),
            region: regionOf(id),
          })),
  }
}

function order(id: number, version: number, updatedAt: bigint): Order {
  return {
    orderId: BigInt(id),
    region: regionOf(id),
    customer: `customer ${Math.floor(hash(id) * 5000)}`,
    status: STATUSES[(id + version) % STATUSES.length] ?? 'placed',
    amountCents: BigInt(Math.floor(hash(id + 17) * 1_000_000)),
    updatedAt,
  }
}

function regionOf(id: number): Region {
  return id % 3 === 0 ? 'us' : 'eu'
}

/** A number in [0, 1) that looks random and is always the same for the same seed. */
function hash(seed: number): number {
  let value = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index)
}

function distinct(ids: readonly number[]): readonly number[] {
  return [...new Set(ids)]
}
