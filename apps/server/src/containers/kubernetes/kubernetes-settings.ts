import { MoraineError } from '@moraine/stdx/error'
import { nearestKey } from '@moraine/stdx/nearest-key'
import { type PodTemplate, parsePodTemplate } from './pod-template.ts'

/** How optimizers of one container run, and where. */
export type KubernetesSettings = {
  /** `undefined`: the cluster in which the service itself runs. */
  readonly kubeConfigPath: string | undefined
  readonly namespace: string
  readonly image: string
  readonly pullPolicy: PullPolicy
  /** Cores for each thread. */
  readonly cpuFactor: number
  /** Names of secrets. */
  readonly imagePullSecrets: readonly string[]
  readonly podTemplate: PodTemplate
}

const PULL_POLICIES = ['IfNotPresent', 'Always', 'Never'] as const
type PullPolicy = (typeof PULL_POLICIES)[number]

type Property = {
  readonly key: string
  /** As it would be written; `undefined` if it must be set. */
  readonly defaultText: string | undefined
  /** Whether a group may say otherwise for its own optimizers. */
  readonly ofGroups: boolean
  readonly meaning: string
}

/** Amoro's names. What decides where pods run, and as whom, is the container's alone: a group is changed by others. */
export const KUBERNETES_PROPERTIES = {
  image: {
    key: 'image',
    defaultText: undefined,
    ofGroups: true,
    meaning: 'of the optimizer: it has the program `moraine`, of the version of the service',
  },
  pullPolicy: {
    key: 'pullPolicy',
    defaultText: 'IfNotPresent',
    ofGroups: true,
    meaning: `\`${PULL_POLICIES.join('`, `')}\``,
  },
  imagePullSecrets: {
    key: 'imagePullSecrets',
    defaultText: '',
    ofGroups: true,
    meaning: 'names of secrets of the namespace, with `;` between them',
  },
  cpuFactor: {
    key: 'cpu.factor',
    defaultText: '1.0',
    ofGroups: true,
    meaning: 'cores for each thread, from 0.01 to 64',
  },
  namespace: {
    key: 'namespace',
    defaultText: 'default',
    ofGroups: false,
    meaning: 'where the optimizers run; it exists already',
  },
  kubeConfigPath: {
    key: 'kube-config-path',
    defaultText: '',
    ofGroups: false,
    meaning: 'a kubeconfig, whose current context counts; without it the cluster in which the service runs',
  },
  podTemplate: {
    key: 'podTemplate',
    defaultText: '',
    ofGroups: false,
    meaning: 'YAML of what pods have besides: volumes, tolerations, variables, a service account, ...',
  },
} as const satisfies Record<keyof KubernetesSettings, Property>

type Properties = Readonly<Record<string, string>>

/**
 * @param properties of the container, all of them
 * @throws {MoraineError} `invalid-input` naming the property that is missing, unknown or wrong, and the remedy
 */
export function readKubernetesSettings(container: string, properties: Properties): KubernetesSettings {
  const subject = `container ${container}`
  const unknown = Object.keys(properties).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) throw unknownProperty(subject, unknown)
  return readAll(subject, (key) => properties[key])
}

/**
 * The settings for optimizers of a group.
 *
 * @throws {MoraineError} as {@link ownSettings}
 */
export function settingsOfGroup(settings: KubernetesSettings, group: GroupSettings): KubernetesSettings {
  return { ...settings, ...ownSettings(group) }
}

type GroupSettings = { readonly group: string; readonly properties: Properties }

/**
 * What a group says otherwise for its own optimizers. Properties that no container knows are not its business.
 *
 * @throws {MoraineError} `invalid-input` naming a property that is wrong, or that only the container may have
 */
export function ownSettings({ group, properties }: GroupSettings): Partial<KubernetesSettings> {
  const subject = `resource group ${group}`
  for (const { key, ofGroups } of Object.values<Property>(KUBERNETES_PROPERTIES)) {
    if (ofGroups || properties[key] === undefined) continue
    throw invalid(`${subject}: ${key} is set by the container alone; remove it from the group`)
  }
  const own = Object.entries(READERS).flatMap(([name, read]) => {
    const { key, ofGroups } = KUBERNETES_PROPERTIES[name as keyof KubernetesSettings]
    const text = properties[key]
    return ofGroups && text !== undefined ? [[name, read(text, `${subject}: ${key}`)]] : []
  })
  return Object.fromEntries(own) as Partial<KubernetesSettings>
}

const KEYS = Object.values(KUBERNETES_PROPERTIES).map(({ key }): string => key)

type Readers = { readonly [Name in keyof KubernetesSettings]: (text: string, what: string) => KubernetesSettings[Name] }

const READERS: Readers = {
  image: (text, what) => {
    if (/^\S+$/.test(text.trim())) return text.trim()
    throw wrong(what, text, 'the name of an image, such as registry.example/moraine:1.0')
  },
  pullPolicy: (text, what) => {
    const policy = PULL_POLICIES.find((each) => each.toLowerCase() === text.trim().toLowerCase())
    if (policy !== undefined) return policy
    throw wrong(what, text, `one of ${PULL_POLICIES.join(', ')}`)
  },
  imagePullSecrets: (text, what) => {
    const names = text.split(';').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
    if (names.every((each) => SUBDOMAIN.test(each))) return names
    throw wrong(what, text, 'names of secrets, with ; between them')
  },
  cpuFactor: (text, what) => {
    const factor = text.trim() === '' ? Number.NaN : Number(text)
    if (factor >= 0.01 && factor <= 64) return factor
    throw wrong(what, text, 'a number from 0.01 to 64, cores for each thread')
  },
  namespace: (text, what) => {
    if (LABEL.test(text.trim())) return text.trim()
    throw wrong(what, text, 'the name of a namespace')
  },
  kubeConfigPath: (text) => (text.trim() === '' ? undefined : text.trim()),
  podTemplate: parsePodTemplate,
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

function readAll(subject: string, find: (key: string) => string | undefined): KubernetesSettings {
  const read = <Name extends keyof KubernetesSettings>(name: Name): KubernetesSettings[Name] => {
    const { key, defaultText }: Property = KUBERNETES_PROPERTIES[name]
    const text = find(key) ?? defaultText
    if (text !== undefined) return READERS[name](text, `${subject}: ${key}`)
    throw invalid(`${subject}: ${key} is missing; name the ${key} of the optimizers`)
  }
  return {
    kubeConfigPath: read('kubeConfigPath'),
    namespace: read('namespace'),
    image: read('image'),
    pullPolicy: read('pullPolicy'),
    cpuFactor: read('cpuFactor'),
    imagePullSecrets: read('imagePullSecrets'),
    podTemplate: read('podTemplate'),
  }
}

/** What configurations of Amoro may have besides, each with what takes its place. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^memory$/, 'set it in the properties of each group, in megabytes for each thread'],
  [/^extra\.jvm\.heap\.ratio$/, 'optimizers are no JVMs; remove it'],
  [/^(export|flink-conf|spark-conf)\./, 'give optimizers variables by env of the container optimizer in podTemplate'],
]

function unknownProperty(subject: string, key: string): MoraineError {
  const remedy = ELSEWHERE.find(([pattern]) => pattern.test(key))?.[1]
  if (remedy !== undefined) return invalid(`${subject}: ${key} has no effect here: ${remedy}`)
  const near = nearestKey(key, KEYS)
  const meant = near === undefined ? `there are ${KEYS.join(', ')}` : `is ${near} meant?`
  return invalid(`${subject}: ${key} is unknown; ${meant}`)
}

function wrong(what: string, text: string, wanted: string): MoraineError {
  return invalid(`${what} is '${text}': it must be ${wanted}`)
}

function invalid(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
