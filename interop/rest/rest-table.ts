import assert from 'node:assert/strict'
import { type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import {
  int64,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { HistoricSnapshot } from '../optimize/assert-history.ts'

/** A table as the service answers it to clients. */
export type RestTable = {
  readonly metadataLocation: string
  /** Oldest first. */
  readonly snapshots: readonly HistoricSnapshot[]
  readonly properties: Readonly<Record<string, string>>
  /** The snapshot of each branch and tag. */
  readonly refs: Readonly<Record<string, bigint>>
}

/** Where a catalog speaks Iceberg's REST protocol, its prefix included, and what each request has to say. */
export type RestPlace = { readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** Loads a table of the catalog `lake` over REST, as text: nothing of ours reads it. */
export function loadRestTable(serviceUrl: string, namespace: string, name: string): Promise<RestTable> {
  return loadTableAt({ url: `${serviceUrl}/iceberg/v1/catalogs/lake` }, namespace, name)
}

/** The same in any catalog. */
export async function loadTableAt(
  { url, headers = {} }: RestPlace,
  namespace: string,
  name: string,
): Promise<RestTable> {
  const response = await fetch(`${url}/namespaces/${namespace}/tables/${name}`, { headers })
  const body = await response.text()
  assert.equal(response.status, 200, body)
  const answer = decoded(parseExactJson(body, 'table'))
  const metadata = required(answer, 'metadata', record)
  return {
    metadataLocation: required(answer, 'metadata-location', text),
    snapshots: optional(metadata, 'snapshots', listOf(snapshot)) ?? [],
    properties: required(metadata, 'properties', mapOf(text)),
    refs: optional(metadata, 'refs', mapOf(refTarget)) ?? {},
  }
}

const decoded = (value: JsonValue): JsonRecord => record(value, { document: 'answer of the service', kind: 'corrupt' })

const snapshot: JsonDecoder<HistoricSnapshot> = (value, place) => {
  const one = record(value, place)
  return {
    snapshotId: required(one, 'snapshot-id', int64),
    parentSnapshotId: optional(one, 'parent-snapshot-id', int64),
    summary: required(one, 'summary', mapOf(text)),
  }
}

const refTarget: JsonDecoder<bigint> = (value, place) => required(record(value, place), 'snapshot-id', int64)
