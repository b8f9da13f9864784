import assert from 'node:assert/strict'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { systemClock } from '@moraine/stdx/clock'
import type { FileIO } from '@moraine/storage/file-io'
import { encodeForS3, signS3Request } from '@moraine/storage/s3-signature'
import type { StorageSettings } from '@moraine/storage/settings'

export type ObjectAccount = {
  /** What the table refers to and is not there. */
  readonly lost: readonly string[]
  /** What is there and the table does not refer to. */
  readonly strays: readonly string[]
  /** In all snapshots, each once. */
  readonly dataFiles: number
}

/** Holds every object below a table's location against what its metadata, with all snapshots, refers to. */
export async function accountForObjects(
  io: FileIO,
  { metadata, metadataLocation }: LoadedTable,
): Promise<ObjectAccount> {
  const named = new Set([metadataLocation, ...metadata.metadataLog.map(({ metadataFile }) => metadataFile)])
  const dataFiles = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    if (snapshot.manifests.kind === 'list') named.add(snapshot.manifests.location)
    for (const { manifestPath } of await readManifests(io, metadata, snapshot)) named.add(manifestPath)
    const { data, deletes } = await readLiveFiles(io, metadata, snapshot)
    for (const { file } of [...data, ...deletes]) named.add(file.filePath)
    for (const { file } of data) dataFiles.add(file.filePath)
  }
  const found = new Set<string>()
  for await (const { location } of io.list(`${metadata.location}/`)) found.add(location)
  return {
    lost: [...named].filter((location) => !found.has(location)),
    strays: [...found].filter((location) => !named.has(location) && !location.endsWith('/metadata/version-hint.text')),
    dataFiles: dataFiles.size,
  }
}

/** The ids of unfinished uploads below a location: parts that nobody sees, but that cost. */
export async function openUploads(settings: StorageSettings, location: string): Promise<readonly string[]> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/(.*)$/.exec(location) ?? []
  const url = new URL(`${settings['s3.endpoint']}/${bucket}?prefix=${encodeForS3(key)}&uploads=`)
  const credentials = {
    accessKeyId: settings['s3.access-key-id'] ?? '',
    secretAccessKey: settings['s3.secret-access-key'] ?? '',
    region: settings['client.region'] ?? '',
  }
  const response = await fetch(url, { headers: signS3Request('GET', url, credentials, systemClock.now()) })
  assert.equal(response.status, 200)
  return [...(await response.text()).matchAll(/<UploadId>(.*?)</g)].map(([, id]) => id ?? '')
}
