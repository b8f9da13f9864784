import { MoraineError } from '@moraine/stdx/error'
import { nearestKey } from '@moraine/stdx/nearest-key'

/** How a container launches optimizers; those of `external` are started by hand. */
export type ContainerKind = 'local' | 'external' | 'kubernetes'

export type ContainerConfig = {
  readonly name: string
  readonly kind: ContainerKind
  /** As they are written; what they may be is for the kind to know. */
  readonly properties: Readonly<Record<string, string>>
}

/** Where optimizers of a container, or of a group, register, if not where the service says. */
export const URL_PROPERTY = 'ams-optimizing-uri'

/** There without being configured. */
export const BUILT_IN_CONTAINERS: readonly ContainerConfig[] = [
  { name: 'local', kind: 'local', properties: {} },
  { name: 'external', kind: 'external', properties: {} },
]

/** Amoro's class of each kind: in its configuration, and where its pages show containers. */
export const AMORO_CONTAINER_CLASS = {
  local: 'org.apache.amoro.server.manager.LocalOptimizerContainer',
  external: 'external',
  kubernetes: 'org.apache.amoro.server.manager.KubernetesOptimizerContainer',
} as const satisfies Record<ContainerKind, string>

const KINDS = Object.keys(AMORO_CONTAINER_CLASS) as ContainerKind[]

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

/**
 * The containers of the configuration, as Amoro writes them below `containers:`, and those that are built in.
 *
 * @param value what stands there; `undefined` if nothing does
 * @param source the file, for messages
 * @throws {MoraineError} `invalid-input` naming the container and what is wrong with it; `unsupported` for kinds of Amoro
 *   that are not there yet
 */
export function parseContainers(value: unknown, source: string): readonly ContainerConfig[] {
  if (value === undefined || value === null) return BUILT_IN_CONTAINERS
  if (!Array.isArray(value)) throw wrong(source, `containers must be a list of ${SHAPE}`)
  const configured = value.map((each: unknown, at) => parseContainer(each, `${source}: containers[${at}]`))
  for (const [at, { name }] of configured.entries()) {
    const isTwice = configured.findIndex((each) => each.name === name) < at
    if (isTwice) throw wrong(source, `there are two containers ${name}; their names must differ`)
  }
  const builtIn = BUILT_IN_CONTAINERS.filter(({ name }) => configured.every((each) => each.name !== name))
  return [...configured, ...builtIn]
}

const SHAPE = 'name, container-impl and properties'

function parseContainer(value: unknown, place: string): ContainerConfig {
  if (!isTree(value)) throw wrong(place, `it must be a tree of ${SHAPE}`)
  const known = ['name', 'container-impl', 'properties']
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    const near = nearestKey(unknown, known)
    throw wrong(place, `there is no ${unknown}${near === undefined ? '' : `; is ${near} meant?`}`)
  }
  const { name, 'container-impl': impl, properties } = value
  if (typeof name !== 'string' || !NAME.test(name)) throw wrong(place, `its name must match ${NAME.source}`)
  const kind = kindOf(impl, `${place} (${name})`)
  const builtIn = BUILT_IN_CONTAINERS.find((each) => each.name === name)
  if (builtIn !== undefined && builtIn.kind !== kind) {
    throw wrong(place, `container ${name} is built in and of kind ${builtIn.kind}; name this one otherwise`)
  }
  return { name, kind, properties: parseProperties(properties, `${place} (${name})`) }
}

function kindOf(impl: unknown, place: string): ContainerKind {
  if (typeof impl !== 'string') throw wrong(place, `its container-impl must be one of ${KINDS.join(', ')}`)
  const kind = KINDS.find((each) => each === impl.trim() || AMORO_CONTAINER_CLASS[each] === impl.trim())
  if (kind !== undefined) return kind
  if (/Flink|Spark/.test(impl)) {
    throw new MoraineError(
      'unsupported',
      `${place}: optimizers on Flink and Spark are not there yet; use kubernetes or local, or external and start them by hand`,
    )
  }
  throw wrong(
    place,
    `container-impl '${impl}' is unknown: it must be one of ${KINDS.join(', ')}, or Amoro's class of one`,
  )
}

function parseProperties(value: unknown, place: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!isTree(value)) throw wrong(place, 'its properties must be a tree of keys and values')
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') return [key, String(each)]
      throw wrong(place, `its property ${key} must be a single value`)
    }),
  )
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(place: string, problem: string): MoraineError {
  return new MoraineError('invalid-input', `${place}: ${problem}`)
}
