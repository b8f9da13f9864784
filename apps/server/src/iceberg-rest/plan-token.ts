import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { ScanRange } from '@moraine/iceberg/scan/scan-range'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
  type JsonDecoder,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import { PLAN_NAME } from './scan-planning.ts'
import { decodeScanRequest, encodePinnedRequest, type ScanRequest } from './scan-request.ts'

/**
 * What a plan id or a plan task stands for. It says all that is needed to answer it, so the service keeps no plan, and a
 * restart or another replica of it answers as well.
 */
export type PlanToken = {
  /** The table's uuid; its location for tables that have none. */
  readonly table: string
  /** The name of the plan, by which it is cancelled. Absent from tokens of before plans had one. */
  readonly plan?: string
  /** Pinned to a snapshot and a schema. Absent from ids of plans whose request would not fit into one. */
  readonly request?: ScanRequest
  /** Of a plan task: the part of the plan. */
  readonly range?: ScanRange
}

export function tableKey({ tableUuid, location }: Pick<TableMetadata, 'tableUuid' | 'location'>): string {
  return tableUuid ?? location
}

/** Letters, digits, `-`, `_` and one dot. */
export function formatPlanToken({ table, plan, request, range }: PlanToken): string {
  const json = formatExactJson({
    v: VERSION,
    table,
    ...(plan !== undefined && { plan }),
    ...(request !== undefined && { request: encodePinnedRequest(request) }),
    // As text: a filter may be as deeply nested as JSON here may be.
    ...(request?.filter !== undefined && { filter: formatExactJson(request.filter) }),
    ...range,
  })
  const body = deflateRawSync(json).toString('base64url')
  return `${checksum(body)}.${body}`
}

/**
 * Reads a token; `undefined` for what is none of this version, or has been cut or changed. The checksum finds damage; it
 * is no signature, and need be none: a token asks for nothing that its bearer could not ask for without it.
 */
export function parsePlanToken(token: string): PlanToken | undefined {
  const [sum, body, ...more] = token.split('.')
  if (body === undefined || more.length > 0 || sum !== checksum(body)) return undefined
  try {
    const json = inflateRawSync(Buffer.from(body, 'base64url'), { maxOutputLength: JSON_BYTES_MAX }).toString('utf8')
    return decodeToken(parseExactJson(json, 'token'), { document: 'token', kind: 'invalid-input' })
  } catch (error) {
    if (isKind(error, 'invalid-input') || isKind(error, 'corrupt') || isZlibError(error)) return undefined
    throw error
  }
}

const VERSION = 1
/** As much as a request may have. */
const JSON_BYTES_MAX = 64 * 1024 * 1024

const decodeToken: JsonDecoder<PlanToken> = (value, place) => {
  const json = record(value, place)
  if (required(json, 'v', safeInteger) !== VERSION) failAt(place, 'is of another version')
  const request = optional(json, 'request', decodeScanRequest)
  const filter = optional(json, 'filter', text)
  const plan = optional(json, 'plan', text)
  if (plan !== undefined && !PLAN_NAME.test(plan)) failAt(place, 'names no plan')
  const from = optional(json, 'from', safeInteger)
  const to = optional(json, 'to', safeInteger)
  const range = from === undefined || to === undefined ? undefined : { from, to }
  if (range !== undefined && (range.from < 0 || range.from >= range.to)) failAt(place, 'names no part of a plan')
  return {
    table: required(json, 'table', text),
    ...(plan !== undefined && { plan }),
    ...(request !== undefined && {
      request: filter === undefined ? request : { ...request, filter: parseExactJson(filter, 'filter') },
    }),
    ...(range !== undefined && { range }),
  }
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 12)
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ERR_)/.test(error.code)
}
