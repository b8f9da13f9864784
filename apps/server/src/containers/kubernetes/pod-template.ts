import { MoraineError } from '@moraine/stdx/error'
import { parse } from 'yaml'
import { type ApiObject, isApiObject, objectsAt, textAt, valueAt } from './api-object.ts'
import { OPTIMIZER, OPTIMIZER_LABELS, OPTIMIZER_VARIABLES } from './optimizer-pod.ts'

/** What the pods of a container have besides what every optimizer has. */
export type PodTemplate = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Of the pod, without its containers. */
  readonly spec: ApiObject
  /** What the container of the optimizer has besides; empty if nothing. */
  readonly optimizer: ApiObject
  /** Other containers of the pod. */
  readonly sidecars: readonly ApiObject[]
}

const NONE: PodTemplate = { labels: {}, annotations: {}, spec: {}, optimizer: {}, sidecars: [] }

/**
 * Reads a PodTemplate, as Amoro wants it, or a Pod: YAML with `metadata` and `spec`, or with both below `template`.
 * What it says counts before what optimizers have by default (resources, security context, grace period), but it cannot
 * say what the service has to: the image, the command, the labels by which pods are found.
 *
 * @param what for messages: where it was written
 * @throws {MoraineError} `invalid-input` naming what is wrong with it
 */
export function parsePodTemplate(text: string, what: string): PodTemplate {
  const tree = parseYaml(text, what)
  if (tree === null || tree === undefined) return NONE
  const outer = checked(tree, what, ['apiVersion', 'kind', 'metadata', 'template', 'spec'])
  const isWrapped = outer['template'] !== undefined
  if (isWrapped && outer['spec'] !== undefined) throw wrong(what, 'has both template and spec; remove one')
  const pod = isWrapped ? checked(outer['template'], `${what}: template`, ['metadata', 'spec']) : outer
  const metadata = checked(pod['metadata'] ?? {}, `${what}: metadata`, ['name', 'labels', 'annotations'])
  return { ...readMetadata(metadata, what), ...readSpec(checked(pod['spec'] ?? {}, `${what}: spec`), what) }
}

function readMetadata(metadata: ApiObject, what: string): Pick<PodTemplate, 'labels' | 'annotations'> {
  const labels = texts(metadata['labels'], `${what}: metadata.labels`)
  const taken = OPTIMIZER_LABELS.find((key) => labels[key] !== undefined)
  if (taken !== undefined) throw wrong(what, `sets the label ${taken}, which is the service's; remove it`)
  return { labels, annotations: texts(metadata['annotations'], `${what}: metadata.annotations`) }
}

function readSpec(whole: ApiObject, what: string): Pick<PodTemplate, 'spec' | 'optimizer' | 'sidecars'> {
  const { containers = [], ...spec } = whole
  if (!Array.isArray(containers) || !containers.every((each) => textAt(each, 'name') !== undefined)) {
    throw wrong(what, 'spec.containers is no list of containers with names')
  }
  const all = objectsAt(whole, 'containers')
  const [optimizer = {}, ...more] = all.filter(({ name }) => name === OPTIMIZER)
  if (more.length > 0) throw wrong(what, `has several containers ${OPTIMIZER}`)
  checkOptimizer(optimizer, what)
  const restart = spec['restartPolicy']
  if (restart !== undefined && restart !== 'Always') throw wrong(what, 'a Deployment wants restartPolicy Always')
  return { spec, optimizer, sidecars: all.filter(({ name }) => name !== OPTIMIZER) }
}

function checkOptimizer(optimizer: ApiObject, what: string): void {
  for (const [key, remedy] of NOT_OF_TEMPLATES) {
    if (optimizer[key] !== undefined) throw wrong(what, `sets ${key} of the container ${OPTIMIZER}; ${remedy}`)
  }
  for (const list of ['env', 'volumeMounts']) {
    const value = optimizer[list] ?? []
    if (!Array.isArray(value) || !value.every(isApiObject)) throw wrong(what, `${list} of ${OPTIMIZER} is no list`)
  }
  const variable = objectsAt(optimizer, 'env').find(({ name }) => OPTIMIZER_VARIABLES.some((each) => each === name))
  if (variable === undefined) return
  throw wrong(what, `sets the variable ${String(valueAt(variable, 'name'))}, which is the service's; remove it`)
}

const NOT_OF_TEMPLATES: readonly (readonly [string, string])[] = [
  ['image', 'set the property image instead'],
  ['imagePullPolicy', 'set the property pullPolicy instead'],
  ['command', 'the service says what is run; remove it'],
  ['args', 'the service says what is run; remove it'],
]

function parseYaml(text: string, what: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new MoraineError('invalid-input', `${what} is not valid YAML`, { cause })
  }
}

function checked(value: unknown, what: string, known?: readonly string[]): ApiObject {
  if (!isApiObject(value)) throw wrong(what, 'is no mapping')
  const unknown = Object.keys(value).find((key) => known !== undefined && !known.includes(key))
  if (unknown !== undefined) throw wrong(what, `has ${unknown}; it may have ${known?.join(', ')}`)
  return value
}

function texts(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries = Object.entries(checked(value ?? {}, what))
  return Object.fromEntries(
    entries.map(([key, text]) => {
      if (typeof text !== 'string') throw wrong(what, `${key} is no text; write it in quotes`)
      return [key, text]
    }),
  )
}

function wrong(what: string, problem: string): MoraineError {
  return new MoraineError('invalid-input', `${what} ${problem}`)
}
