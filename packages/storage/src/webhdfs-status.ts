import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { parseExactJson } from '@moraine/stdx/exact-json'
import {
  type JsonDecoder,
  type JsonRecord,
  listOf,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { HttpAnswer } from './http-exchange.ts'
import { askNameNode, isAbsence, type WebHdfsClient } from './webhdfs-client.ts'

/** What HDFS keeps of one name (WebHDFS REST API, "FileStatus"). */
export type WebHdfsStatus = {
  /** The name within the directory that was listed; empty where one path was asked for. */
  readonly name: string
  readonly type: string
  readonly sizeBytes: number
  readonly modifiedAt: EpochMs
}

export type WebHdfsPage = { readonly entries: readonly WebHdfsStatus[]; readonly hasMore: boolean }

/** `undefined` if there is nothing of that name. */
export async function findWebHdfsStatus(
  client: WebHdfsClient,
  path: string,
  doing: string,
  signal?: AbortSignal,
): Promise<WebHdfsStatus | undefined> {
  try {
    const answer = await askNameNode(client, { method: 'GET', operation: 'GETFILESTATUS', path, doing, signal })
    return required(decodeAnswer(answer, doing), 'FileStatus', fileStatus)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** The names in a directory after `startAfter`, in order; none if there is no such directory. */
export async function listWebHdfsPage(
  client: WebHdfsClient,
  path: string,
  startAfter: string,
  doing: string,
  signal?: AbortSignal,
): Promise<WebHdfsPage> {
  // Name nodes know it in small letters, HttpFS as it is documented; what they do not know they pass over.
  const spellings = ['startafter', 'startAfter'].map((name) => [name, startAfter] as const)
  const parameters = startAfter === '' ? [] : spellings
  try {
    const answer = await askNameNode(client, {
      method: 'GET',
      operation: 'LISTSTATUS_BATCH',
      path,
      parameters,
      doing,
      signal,
    })
    const listing = required(decodeAnswer(answer, doing), 'DirectoryListing', record)
    const statuses = required(required(listing, 'partialListing', record), 'FileStatuses', record)
    const entries = required(statuses, 'FileStatus', listOf(fileStatus))
    const hasMore = required(listing, 'remainingEntries', safeInteger) > 0
    if (startAfter !== '' && entries.some(({ name }) => !isAfter(name, startAfter))) {
      throw new MoraineError(
        'unsupported',
        `${doing} failed: the server gives no further page of a listing; it has to be Hadoop 3`,
      )
    }
    // Of a file, HDFS lists itself, without a name.
    return { entries: entries.filter(({ name }) => name !== ''), hasMore: hasMore && entries.length > 0 }
  } catch (error) {
    if (isAbsence(error)) return { entries: [], hasMore: false }
    throw error
  }
}

/** In the order of HDFS, which is that of the bytes. */
function isAfter(name: string, other: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(other)) > 0
}

function decodeAnswer({ body }: HttpAnswer, doing: string): JsonRecord {
  const document = `${doing}: answer of WebHDFS`
  const kind = 'corrupt'
  const json = Buffer.from(body).toString()
  if (!/^\s*\{/.test(json)) {
    throw new MoraineError(
      'invalid-input',
      `${doing} failed: what answers there is not WebHDFS; check dfs.namenode.http-address`,
    )
  }
  return record(parseExactJson(json, document), { document, kind })
}

const fileStatus: JsonDecoder<WebHdfsStatus> = (value, place) => {
  const status = record(value, place)
  return {
    name: required(status, 'pathSuffix', text),
    type: required(status, 'type', text),
    sizeBytes: required(status, 'length', safeInteger),
    modifiedAt: required(status, 'modificationTime', safeInteger) as EpochMs,
  }
}
