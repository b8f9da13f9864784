import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  type JsonDecoder,
  listOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { Nudge } from './nudges.ts'

export function formatNudges(nudges: readonly Nudge[]): string {
  return JSON.stringify(nudges)
}

/** @throws {MoraineError} `invalid-input` naming what is none */
export function parseNudges(body: string): readonly Nudge[] {
  const document = 'nudges'
  return listOf(nudge)(parseExactJson(body, document), { document, kind: 'invalid-input' })
}

const nudge: JsonDecoder<Nudge> = (value, place) => {
  const object = record(value, place)
  const to = required(object, 'to', text)
  switch (to) {
    case 'planner':
    case 'dispatcher':
    case 'reaper':
    case 'discarder':
    case 'resource-keeper':
      return { to }
    case 'refresher':
      return { to, tableId: required(object, 'tableId', safeInteger) as TableId }
    case 'explorer':
      return { to, catalog: required(object, 'catalog', text) }
    case 'settler':
      return { to, processId: required(object, 'processId', text) as ProcessId }
    case 'committer': {
      const processId = optional(object, 'processId', text) as ProcessId | undefined
      return processId === undefined ? { to } : { to, processId }
    }
    default:
      return failAt(inside(place, 'to'), `is ${JSON.stringify(to)}, which nobody is called here`)
  }
}
