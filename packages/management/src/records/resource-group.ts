/** A named pool of optimizers. Amoro's pages call it optimizer group. */
export type ResourceGroup = {
  readonly name: string
  /** The container that launches its optimizers. */
  readonly container: string
  readonly properties: Readonly<Record<string, string>>
}

export interface ResourceGroupStore {
  listGroups(): Promise<readonly ResourceGroup[]>
  findGroup(name: string): Promise<ResourceGroup | undefined>
  /** `false` if there is a group of this name. */
  addGroup(group: ResourceGroup): Promise<boolean>
  /** Adds the group, or replaces its container and properties. */
  saveGroup(group: ResourceGroup): Promise<void>
  /** `undefined` if nothing would be left without the group. */
  findUse(name: string): Promise<GroupUse | undefined>
  /** Removes the group unless something uses it, in one transaction: then that is answered, and the group stays. */
  removeGroup(name: string): Promise<GroupUse | undefined>
}

/** The first of what uses a group: one is enough for it to stay. */
export type GroupUse = { readonly kind: 'table' | 'optimizer' | 'resource' | 'catalog'; readonly name: string }

/** The property of a catalog that puts its tables in a group. */
export const CATALOG_GROUP = 'table.self-optimizing.group'

export type SchedulingPolicy = 'quota' | 'balanced'

/** Which table is planned next; anything else than Amoro's two words means its default. */
export function schedulingPolicy(group: ResourceGroup): SchedulingPolicy {
  return group.properties['scheduling-policy']?.trim().toLowerCase() === 'balanced' ? 'balanced' : 'quota'
}

const MAX_INPUT_BYTES_PER_THREAD = 512 * 1024 * 1024

/** `max-input-file-size-per-thread`: how much work, in the planner's cost bytes, one plan may hold for each thread. */
export function maxCostBytes(group: ResourceGroup, threads: number): number {
  const text = group.properties['max-input-file-size-per-thread']
  const value = text === undefined ? Number.NaN : Number(text)
  return (Number.isFinite(value) && value > 0 ? value : MAX_INPUT_BYTES_PER_THREAD) * Math.max(1, threads)
}
