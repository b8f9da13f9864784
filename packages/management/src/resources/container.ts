import type { ResourceId } from '@moraine/lifecycle/identity'

/** What a container needs to know to run one optimizer. */
export type LaunchOrder = {
  readonly resourceId: ResourceId
  readonly group: string
  readonly threads: number
  /** For each thread. */
  readonly memoryMb: number
  /** Of the group; those that the container knows count for it. */
  readonly groupProperties: Readonly<Record<string, string>>
  /** Where the optimizer registers: `thrift://host:port`, with commas if there are several servers; `thrifts:` with TLS. */
  readonly url: string
  /** Who has to have issued the certificates there, as PEM; `undefined`: whoever it trusts by itself. */
  readonly trusted: string | undefined
  /** What it has to show; a container keeps it out of whatever others can read, such as command lines. */
  readonly groupSecret: string | undefined
}

export type Launched = {
  readonly resourceId: ResourceId
  /**
   * - `failing`: it does not come up, or comes down again and again; `detail` says why
   * - `gone`: it ended by itself and is not started again; `detail` says how. Listed until it is released, where that is known.
   */
  readonly condition: 'starting' | 'running' | 'failing' | 'gone'
  readonly detail: string | undefined
}

/**
 * What runs optimizers: processes beside the service, a Kubernetes cluster. Whoever calls it records what was wanted before,
 * so that nothing is forgotten; after a lost answer it calls again.
 */
export interface Container {
  readonly name: string
  /**
   * Returns when the order is taken; the optimizer comes later. An order with the id of one that was taken changes nothing.
   *
   * @throws {MoraineError} naming what the container lacks or refuses; `invalid-input` if trying again cannot help
   */
  launch(order: LaunchOrder, signal?: AbortSignal): Promise<void>
  /** Has the optimizer end its tasks and go; one that is not there is gone already. Returns when the order is taken. */
  release(resourceId: ResourceId, signal?: AbortSignal): Promise<void>
  /** All that this container runs for this service, those not yet come and not yet gone included. */
  list(signal?: AbortSignal): Promise<readonly Launched[]>
  /** Lets go of connections, and of what lives only as long as the service. */
  close(): Promise<void>
}
