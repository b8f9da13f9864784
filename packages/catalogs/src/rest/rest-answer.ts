import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import type { JsonDecoder } from '@moraine/stdx/exact-json-decode'
import { type CatalogEntity, FILE_GONE } from '../catalog-error.ts'
import type { RestResponse } from './rest-transport.ts'

/** What an answer with status 409 or 404 is about; the protocol leaves that to the request. */
export type RestSubject = { readonly entity: CatalogEntity; readonly conflict: 'already-exists' | 'conflict' }

/** A metadata file is to become a table or view. */
export const REGISTERED: RestSubject = { entity: 'metadata-file', conflict: 'already-exists' }

/**
 * The error that an answer with an unsuccessful status stands for. Its message has the server's own. Its context has the
 * `status`, and whether the answer was `explained`: as the protocol has it, which whatever else may answer there does not.
 */
export function restFailure(response: RestResponse, subject: RestSubject): MoraineError {
  const { message, type } = errorModel(response.json)
  const words = message ?? gatewayMessage(response.json)
  // Of a file that the request named, "not found" says what is wrong; of a table's current one it would hide it.
  const isFileGone =
    response.status === 404 && message?.startsWith(FILE_GONE) === true && subject.entity !== 'metadata-file'
  const entity = isFileGone ? 'metadata-file' : type?.startsWith('NoSuchNamespace') ? 'namespace' : subject.entity
  const said = words === undefined ? '' : `: ${words.slice(0, MESSAGE_LENGTH_MAX)}`
  return new MoraineError(
    isFileGone ? 'corrupt' : kindOf(response.status, subject),
    `${response.what} answered ${response.status}${type === undefined ? '' : ` ${type}`}${said}${remedy(response)}`,
    {
      context: {
        entity,
        status: response.status,
        explained: message !== undefined || type !== undefined,
        ...(isLoginStatus(response.status) && REFUSED_LOGIN),
      },
    },
  )
}

/** In the context of an error: the server has not let us in, whatever was asked for. */
export const REFUSED_LOGIN = { login: 'refused' } as const

/** Whether the server of a catalog did not take the token or credential that the catalog was opened with. */
export function isLoginRefused(error: unknown): boolean {
  return error instanceof MoraineError && error.context['login'] === REFUSED_LOGIN.login
}

function isLoginStatus(status: number): boolean {
  return status === 401 || status === 419
}

/** The answer, if its status says success. */
export function expectSuccess(response: RestResponse, subject: RestSubject): RestResponse {
  if (response.status >= 200 && response.status < 300) return response
  throw restFailure(response, subject)
}

/** Whether the answer says that what was asked for is not there; one without an error model is not from a catalog. */
export function saysAbsent(response: RestResponse, subject: RestSubject): boolean {
  return response.status === 404 && response.json !== undefined && restFailure(response, subject).kind === 'not-found'
}

/** The body of a successful answer. */
export function decodeAnswer<T>({ json, what }: RestResponse, decode: JsonDecoder<T>): T {
  if (json === undefined) throw new MoraineError('corrupt', `the answer to ${what} is empty or no JSON`)
  return decode(json, { document: `the answer to ${what}`, kind: 'corrupt' })
}

function kindOf(status: number, subject: RestSubject): ErrorKind {
  if (status >= 500) return status === 501 ? 'unsupported' : 'unavailable'
  if (status >= 300 && status < 400) return 'unavailable'
  return KINDS[status] ?? (status === 409 ? subject.conflict : 'invalid-input')
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  401: 'permission',
  403: 'permission',
  404: 'not-found',
  405: 'unsupported',
  406: 'unsupported',
  408: 'unavailable',
  419: 'permission',
  429: 'unavailable',
}

function remedy({ status, retryAfterMs }: RestResponse): string {
  if (retryAfterMs !== undefined) return `; it asks to be left alone for ${Math.ceil(retryAfterMs / 1000)} s`
  if (isLoginStatus(status)) return '; check the token or credential of the catalog'
  if (status >= 300 && status < 400)
    return '; redirects are not followed, set the uri of the catalog to the final address'
  return ''
}

function errorModel(json: JsonValue | undefined): { readonly message?: string; readonly type?: string } {
  const error = isObject(json) && Object.hasOwn(json, 'error') ? json['error'] : undefined
  if (!isObject(error)) return {}
  const { message, type } = error
  return {
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof type === 'string' ? { type } : {}),
  }
}

/** What stands before a catalog says why it lets nobody in as it does elsewhere; AWS in either spelling. */
function gatewayMessage(json: JsonValue | undefined): string | undefined {
  if (!isObject(json)) return undefined
  return ['message', 'Message'].map((name) => json[name]).find((value) => typeof value === 'string')
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const MESSAGE_LENGTH_MAX = 2000
