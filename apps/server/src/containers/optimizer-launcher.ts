import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Container, LaunchOrder } from '@moraine/management/resources/container'
import type { KeepSettings } from '@moraine/management/resources/keep-resources'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { LastRun, Reconciler } from '../background/reconciler.ts'
import { type RecordsHint, resourceKeeper } from '../background/resource-keeper.ts'
import { type ContainerConfig, URL_PROPERTY } from '../config/container-config.ts'
import type { Log } from '../service/log.ts'
import { type Service, stopServices } from '../service/service.ts'
import { readCaFile } from '../thrift/certificate-files.ts'
import type { Command } from './local-container.ts'
import { openContainers } from './open-containers.ts'

export type OptimizerLauncherDeps = {
  readonly configs: readonly ContainerConfig[]
  readonly stores: Pick<Stores, 'state' | 'resources' | 'optimizers' | 'tasks' | 'groups'>
  readonly settings: KeepSettings
  /** Threads that are kept in groups that do not say themselves. */
  readonly leastThreads: ReadonlyMap<string, number>
  readonly serviceId: string
  /** Program and arguments that start a local optimizer; asked for at the start. */
  readonly localCommand: (() => Command) | undefined
  /** Where optimizers register, and what those of a group have to show; asked for at each launch. */
  readonly urls: () => Promise<string>
  /** Of what they are to trust where they register with TLS; read at each launch. */
  readonly caFile: string | undefined
  readonly secretOf: (group: ResourceGroup) => string | undefined
  /** Throws once another server may lead. */
  readonly checkLeads: () => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The containers of a server that leads, and who minds what they run. */
export type OptimizerLauncher = Service & {
  /** Records have changed. */
  nudge(): void
  lastRuns(): Readonly<Record<string, LastRun | undefined>>
}

export function optimizerLauncher(deps: OptimizerLauncherDeps): OptimizerLauncher {
  const { configs, localCommand, clock } = deps
  let containers: ReadonlyMap<string, Container> = new Map()
  let keeper: Reconciler<RecordsHint> | undefined
  return {
    name: 'optimizer launcher',
    async start(signal) {
      const command = localCommand?.()
      containers = await openContainers(configs, {
        ...deps,
        localCommand: command && ((order) => [...command, ...optionsOf(order)]),
        onChanged: () => keeper?.nudge(),
        environment: process.env,
      })
      keeper = resourceKeeper({
        ...deps,
        containers,
        serviceStartedAt: clock.now(),
        registration: (group) => registrationOf(group, deps),
      })
      await keeper.start(signal)
    },
    async stop() {
      // What it sees go now goes with the service.
      await keeper?.stop()
      await stopServices([...containers.values()].map(closing))
    },
    nudge: () => keeper?.nudge('records'),
    lastRuns: () => (keeper === undefined ? {} : { [keeper.name]: keeper.lastRun() }),
  }
}

function closing(container: Container): Service {
  return { name: container.name, start: async () => undefined, stop: () => container.close() }
}

async function registrationOf(group: ResourceGroup, { configs, urls, caFile, secretOf }: OptimizerLauncherDeps) {
  const url = ownUrl(group, configs) ?? (await urls())
  const isTrusting = caFile !== undefined && url.startsWith('thrifts:')
  return { url, trusted: isTrusting ? await readCaFile(caFile) : undefined, groupSecret: secretOf(group) }
}

function ownUrl({ container, properties }: ResourceGroup, configs: readonly ContainerConfig[]): string | undefined {
  return properties[URL_PROPERTY] ?? configs.find(({ name }) => name === container)?.properties[URL_PROPERTY]
}

function optionsOf({ group, threads, memoryMb }: LaunchOrder): readonly string[] {
  return ['--group', group, '--threads', String(threads), '--memory', String(memoryMb)]
}
