import { must } from '@moraine/stdx/assert'
import type { PartitionTuple } from '../partition/partition-spec.ts'

/** A partition of a table, by spec and values. */
export type TablePartition = {
  /** In the dictionary, from 0. */
  readonly ordinal: number
  /** Of `partitionKey`: equal exactly for the same spec and values. */
  readonly key: string
  readonly specId: number
  readonly partition: PartitionTuple
  /** For people; empty if unpartitioned. */
  readonly partitionPath: string
}

/** Numbers a table's partitions in the order in which they are met. It only grows, so versions of an index may share it. */
export class PartitionDictionary {
  readonly #ordinals = new Map<string, number>()
  readonly #partitions: TablePartition[] = []

  get size(): number {
    return this.#partitions.length
  }

  find(key: string): TablePartition | undefined {
    const ordinal = this.#ordinals.get(key)
    return ordinal === undefined ? undefined : this.#partitions[ordinal]
  }

  at(ordinal: number): TablePartition {
    return must(this.#partitions[ordinal], `partition ${ordinal}`)
  }

  /** `describe` is called for a partition that is new. */
  ordinalOf(key: string, describe: () => Omit<TablePartition, 'ordinal' | 'key'>): number {
    const known = this.#ordinals.get(key)
    if (known !== undefined) return known
    const ordinal = this.#partitions.length
    this.#partitions.push({ ordinal, key, ...describe() })
    this.#ordinals.set(key, ordinal)
    return ordinal
  }
}
