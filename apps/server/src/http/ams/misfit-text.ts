import { counted } from '@moraine/stdx/human-text'
import type { FastifyError } from 'fastify'

type Misfit = NonNullable<FastifyError['validation']>[number]

/**
 * What of a request does not fit the schema of its route: where it stands, as other messages about requests have it, and what it
 * must be: `request body: operations[0] must be one of optimize, batch-write`.
 */
export function misfitText({ message, validation = [], validationContext = 'body' }: FastifyError): string {
  const [first] = validation
  if (first === undefined) return message
  const document = DOCUMENTS[validationContext] ?? validationContext
  const path = pathOf(first.instancePath)
  if (first.keyword === 'required') {
    const missing = String(first.params['missingProperty'])
    return `${document}: ${path === '' ? missing : `${path}.${missing}`} is missing`
  }
  const problem = problemOf(first, validation.filter(isAlternativeOf(first)))
  return path === '' ? `the ${document} ${problem}` : `${document}: ${path} ${problem}`
}

const DOCUMENTS: Readonly<Record<string, string>> = { body: 'request body', querystring: 'query', params: 'path' }

/** Of a union it is told of each member why the value is not that one. */
function isAlternativeOf({ keyword, instancePath }: Misfit): (other: Misfit) => boolean {
  return (other) => other.keyword === keyword && other.instancePath === instancePath
}

function problemOf({ keyword, params, message }: Misfit, alternatives: readonly Misfit[]): string {
  const limit = Number(params['limit'])
  switch (keyword) {
    case 'type':
      return `must be ${alternatives.flatMap((each) => [each.params['type']].flat().map(typeText)).join(' or ')}`
    case 'const':
      return oneOf(alternatives.map((each) => String(each.params['allowedValue'])))
    case 'enum':
      return oneOf((params['allowedValues'] as readonly unknown[]).map(String))
    case 'minimum':
      return `must be at least ${limit}`
    case 'maximum':
      return `must be at most ${limit}`
    case 'minLength':
      return `must have at least ${counted(limit, 'character')}`
    case 'maxLength':
      return `must have at most ${counted(limit, 'character')}`
    case 'minItems':
      return `must have at least ${counted(limit, 'entry', 'entries')}`
    case 'maxItems':
      return `must have at most ${counted(limit, 'entry', 'entries')}`
    case 'uniqueItems':
      return 'must not have an entry twice'
    default:
      return message ?? `does not fit (${keyword})`
  }
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`
}

function typeText(type: unknown): string {
  return TYPES[String(type)] ?? String(type)
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** `/grants/0/role`, a JSON pointer, as `grants[0].role`. */
function pathOf(pointer: string): string {
  const keys = pointer.split('/').slice(1)
  const parts = keys.map((key) =>
    /^\d+$/.test(key) ? `[${key}]` : `.${key.replaceAll('~1', '/').replaceAll('~0', '~')}`,
  )
  return parts.join('').replace(/^\./, '')
}
