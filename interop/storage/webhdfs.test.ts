import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { webHdfsFileIO } from '@moraine/storage/webhdfs-file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { fileIoConformance } from '@moraine/testkit/conformance/file-io'
import { startHdfs } from '../lab/hdfs.ts'
import { FILESYSTEM_TRAITS, filesystemCatalogUnderTest } from './filesystem-catalog-under-test.ts'

// The file layer and the filesystem catalog against a real HDFS, through its WebHDFS.

const components = { clock: systemClock, random: systemRandom }
const started = startHdfs(`file-io-${process.pid}`)
const skip = started.kind === 'unavailable' ? started.why : undefined
const hdfs =
  started.kind === 'started'
    ? started.engine
    : { uri: 'hdfs://none', webUri: 'webhdfs://none', settings: {}, stop() {} }
after(() => hdfs.stop())

const { uri, webUri, settings } = hdfs
const dispose = async () => {}
// The lab's name node gives pages of ten names.
const options = { refusedNames: ['plus+and;semi,colon:'], listed: 300, skip }

fileIoConformance(
  'HDFS',
  async () => ({ io: webHdfsFileIO(settings, components), root: `${uri}/lab/plain #%20`, dispose }),
  // The data node deletes the blocks of a replaced file in its turn; the layers read again by themselves.
  { ...options, takesReplaced: true },
)
fileIoConformance(
  'HDFS through all layers, as webhdfs',
  async () => ({ io: openStorage(settings, components), root: `${webUri}/lab/layers`, dispose }),
  options,
)

if (skip === undefined) {
  let opened = 0
  catalogConformance('filesystem catalog on HDFS', FILESYSTEM_TRAITS, async () => {
    opened += 1
    return filesystemCatalogUnderTest(openStorage(settings, components), `${uri}/lab/catalogs/${opened}`)
  })
}

test('who may not is told so', { skip }, async () => {
  const io = webHdfsFileIO(settings, components)
  const refused = (promise: Promise<unknown>, kind: ErrorKind, message: RegExp) =>
    assert.rejects(promise, (error) => isKind(error, kind) && message.test(error.message))
  const closed = `${uri}/closed/a`
  await refused(io.read(closed), 'permission', /reading hdfs:.*\/closed\/a failed: .*hdfs\.user.*user=lab/)
  await refused(io.stat(closed), 'permission', /looking up/)
  await refused(io.write(closed, new Uint8Array(1)), 'permission', /writing/)
  await refused(Array.fromAsync(io.list(`${uri}/closed/`)), 'permission', /listing/)
  await refused(io.write(closed, new Uint8Array(20_000_000)), 'permission', /writing .*AccessControlException/)
  const written = async () => {
    const writer = await io.openWriter(closed)
    await writer.write(new Uint8Array(1))
    await writer.close()
  }
  await refused(written(), 'permission', /writing .*AccessControlException/)
})

test('the RPC port is not taken for WebHDFS', { skip }, async () => {
  const rpc = uri.replace('hdfs://', '')
  const io = webHdfsFileIO({ ...settings, 'dfs.namenode.http-address': rpc }, components)
  await assert.rejects(
    io.stat(`${uri}/lab/a`),
    (error) => isKind(error, 'invalid-input') || isKind(error, 'unavailable'),
  )
})

test('a directory that is in the way is named', { skip }, async () => {
  const io = webHdfsFileIO(settings, components)
  await io.write(`${uri}/lab/way/in/file`, new Uint8Array(1))
  for (const createOnly of [true, false]) {
    const written = io.write(`${uri}/lab/way/in`, new Uint8Array(1), { createOnly })
    await assert.rejects(written, (error) => isKind(error, 'invalid-input') && /it is a directory/.test(error.message))
    const below = io.write(`${uri}/lab/way/in/file/below`, new Uint8Array(1), { createOnly })
    await assert.rejects(below, (error) => isKind(error, 'invalid-input') && /part of the path/.test(error.message))
  }
})
