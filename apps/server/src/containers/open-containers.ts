import type { Container, LaunchOrder } from '@moraine/management/resources/container'
import { unreachable } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type ContainerConfig, URL_PROPERTY } from '../config/container-config.ts'
import { type Command, localContainer } from './local-container.ts'

export type OpenContainersDeps = {
  /** Starts an optimizer beside the service; without it there is no local container. */
  readonly localCommand: ((order: LaunchOrder) => Command) | undefined
  /** The same for all servers that share a database, and no other service's. */
  readonly serviceId: string
  /** What a container runs has changed. */
  readonly onChanged: () => void
  /** Of this process. */
  readonly environment: NodeJS.ProcessEnv
  readonly clock: Clock
}

/**
 * Those that launch optimizers, by name. Whatever they launch into need not be reached to open them.
 *
 * @throws {MoraineError} naming the container, what is wrong with its properties, and the remedy
 */
export async function openContainers(
  configs: readonly ContainerConfig[],
  deps: OpenContainersDeps,
): Promise<ReadonlyMap<string, Container>> {
  const opened = new Map<string, Container>()
  for (const config of configs) {
    const container = await openContainer(config, deps)
    if (container !== undefined) opened.set(config.name, container)
  }
  return opened
}

/**
 * Finds out at the start what would else be found out by whoever leads next.
 *
 * @throws {MoraineError} as {@link openContainers}
 */
export async function checkContainers(
  configs: readonly ContainerConfig[],
  deps: Pick<OpenContainersDeps, 'environment' | 'clock'>,
): Promise<void> {
  const nobody = { localCommand: undefined, serviceId: 'nobody', onChanged: () => {} }
  const opened = await openContainers(configs, { ...deps, ...nobody })
  for (const container of opened.values()) await container.close()
}

async function openContainer(
  { name, kind, properties }: ContainerConfig,
  deps: OpenContainersDeps,
): Promise<Container | undefined> {
  const { [URL_PROPERTY]: _, ...own } = properties
  switch (kind) {
    case 'external':
      refuseUnknown(name, Object.keys(own), 'an external container has no properties')
      return undefined
    case 'local': {
      const variables = exportedVariables(name, own)
      return deps.localCommand && localContainer({ ...deps, name, command: deps.localCommand, variables })
    }
    case 'kubernetes': {
      // Most services have none: what it takes is loaded by those that do.
      const { openKubernetesContainer } = await import('./kubernetes-container.ts')
      return openKubernetesContainer(name, own, deps)
    }
    default:
      return unreachable(kind)
  }
}

/** `export.JAVA_HOME`, as in Amoro: variables of the optimizers. */
function exportedVariables(name: string, properties: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.entries(properties).filter(([key]) => key.startsWith(EXPORT) && key.length > EXPORT.length)
  const unknown = Object.keys(properties).filter((key) => !known.some(([each]) => each === key))
  refuseUnknown(name, unknown, `a local container has ${EXPORT}VARIABLE`)
  return Object.fromEntries(known.map(([key, value]) => [key.slice(EXPORT.length), value]))
}

const EXPORT = 'export.'

function refuseUnknown(name: string, [unknown]: readonly string[], remedy: string): void {
  if (unknown === undefined) return
  throw new MoraineError(
    'invalid-input',
    `container ${name}: property ${unknown} is unknown; ${remedy} and ${URL_PROPERTY}`,
  )
}
