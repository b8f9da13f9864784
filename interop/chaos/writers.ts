import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog, CommitOutcome } from '@moraine/catalogs/catalog'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { contentFile, ORDER_SCHEMA, orderDataFile, orderDeleteFile } from '@moraine/cli/sample/order-files'
import type { Order } from '@moraine/cli/sample/sample-orders'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { ContentFile } from '@moraine/iceberg/manifest/content-file'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import type { LedgerCommit } from './ledger.ts'

/** Writes to one table until it is told to stop, and keeps account of what became of each commit. */
export type ChaosWriter = {
  readonly identifier: TableIdentifier
  readonly ledger: readonly LedgerCommit[]
  /** All files it made: it removes none, so what it did not commit is its own leftover. */
  readonly files: ReadonlySet<string>
  /** Why commits were not made or not heard of, by how often. */
  readonly failures: ReadonlyMap<string, number>
  run(signal: AbortSignal): Promise<void>
}

export type WriterOptions = {
  readonly name: string
  readonly catalog: string
  /** Servers through which it writes, another at each commit. */
  readonly urls: readonly string[]
  readonly random: Random
  /** Between commits, twice that at most. */
  readonly pauseMs: number
  /** Whether it also takes rows out, by equality deletes; else the catalog may rebase its appends. */
  readonly deletes: boolean
}

const ROWS = 20
const REGIONS = ['eu', 'us'] as const
const REQUEST_MS = 10_000
const io = localFileIO(systemRandom)

export async function chaosWriter(options: WriterOptions): Promise<ChaosWriter> {
  const { catalog, urls, random, deletes } = options
  const identifier = { namespace: ['db'], name: options.name }
  const ledger: LedgerCommit[] = []
  const files = new Set<string>()
  const failures = new Map<string, number>()
  const below = (limit: number) => Math.floor((Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32) * limit)
  const catalogs = await Promise.all(urls.map((url) => openServer(catalog, url)))
  await must(catalogs[0], 'a server').createTable(identifier, {
    schema: ORDER_SCHEMA,
    partitionSpec: { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } }] },
    properties: {
      'format-version': '2',
      'self-optimizing.target-size': '1048576',
      'self-optimizing.minor.trigger.file-count': '4',
      'self-optimizing.min-plan-interval': '0',
      ...(deletes ? {} : { 'commit.rebase-appends.enabled': 'true' }),
    },
  })
  const step = async (server: Catalog): Promise<void> => {
    const number = ledger.length
    const before = ledger[number - 1]
    const { metadata } = await server.loadTable(identifier)
    const region = must(REGIONS[below(REGIONS.length)], 'region')
    const orders = ordersOf(number, region)
    const added = orders.map(({ orderId }) => orderId)
    // Of the commit before, whatever became of it; the last row is never removed and tells of its commit.
    const removed = deletes && before !== undefined && below(3) === 0 ? before.added.slice(0, 5) : []
    const store = async (name: string, bytes: Uint8Array) => {
      const filePath = `${metadata.location}/data/${name}.parquet`
      files.add(filePath)
      await io.write(filePath, bytes)
      return filePath
    }
    const bytes = orderDataFile(orders)
    const filePath = await store(`written-${number}`, bytes)
    const content: ContentFile[] = [contentFile('data', { filePath, region, bytes, orderIds: added })]
    if (removed.length > 0) {
      const deletesBytes = orderDeleteFile(removed)
      for (const each of REGIONS) {
        const place = await store(`deleted-${number}-${each}`, deletesBytes)
        const told = { filePath: place, region: each, bytes: deletesBytes, orderIds: removed }
        content.push(contentFile('equality-deletes', told))
      }
    }
    const operation = removed.length > 0 ? 'overwrite' : 'append'
    const change = { operation, added: content.map((file) => ({ file })), removed: [], summary: {} } as const
    const staged = await stageSnapshot(metadata, change, { io, clock: systemClock, random: systemRandom, attempt: 1 })
    for (const file of staged.writtenFiles) files.add(file)
    const commit: LedgerCommit = { added, removed, outcome: 'unknown' }
    ledger.push(commit)
    const outcome = await server.commitTable(identifier, staged).catch(refusal)
    commit.outcome = OUTCOMES[outcome.kind]
    if (outcome.kind === 'conflict') note(`conflict: ${outcome.reason}`)
    if (outcome.kind === 'unknown') note(`unknown: ${outcome.cause.message}`)
  }
  const note = (what: string) => void failures.set(what, (failures.get(what) ?? 0) + 1)
  return {
    identifier,
    ledger,
    files,
    failures,
    async run(signal) {
      while (!signal.aborted) {
        const server = must(catalogs[below(catalogs.length)], 'a server')
        await step(server).catch((error: unknown) => {
          if (!(error instanceof MoraineError)) throw error
          note(`not begun: ${error.message}`)
        })
        await sleep(below(2 * options.pauseMs), undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

const OUTCOMES = { committed: 'acknowledged', conflict: 'refused', unknown: 'unknown' } as const

/** What is thrown says that nothing was committed. */
function refusal(error: unknown): CommitOutcome {
  if (error instanceof MoraineError) return { kind: 'conflict', reason: error.message }
  throw error
}

function openServer(name: string, url: string): Promise<Catalog> {
  return openRestCatalog({
    name,
    properties: { uri: `${url}/iceberg`, warehouse: name },
    clock: systemClock,
    timeoutMs: REQUEST_MS,
  })
}

function ordersOf(commit: number, region: Order['region']): readonly Order[] {
  return Array.from({ length: ROWS }, (_, at) => ({
    orderId: BigInt(commit) * 1000n + BigInt(at),
    region,
    customer: `customer ${at}`,
    status: 'placed',
    amountCents: BigInt(commit * 100 + at),
    updatedAt: BigInt(commit) * 1_000_000n,
  }))
}
