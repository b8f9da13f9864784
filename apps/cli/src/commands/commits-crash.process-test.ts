import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { isTemporaryName } from '@moraine/storage/local-temporary'
import { type CrashedAppend, prepareAppend } from '../testing/crashed-appends.ts'
import {
  type CatalogRequest,
  CREATE_NAMESPACE,
  type CrashedCommit,
  commitPath,
  create,
  createTable,
  createView,
  drop,
  loadServed,
  markTable,
  markTogether,
  readCatalog,
  rename,
} from '../testing/crashed-commits.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// Some 200 requests to the service's catalog at once, and the service killed with SIGKILL after so many answers. Afterwards,
// and after each kill that follows: what was acknowledged is there, what was not is there as a whole or not at all, and stays
// so; every table and view loads, and its metadata files are on the disk. Appends come from writers that all saw the same
// state, to a table that asks for them to be rebased and to one that does not: each acknowledged one is in one snapshot, every
// file that a snapshot refers to is there, although the writers remove what the answers tell them to, and what was not
// answered is sent again and made once.

const ROUNDS = 4
const REQUESTS = 240
const TABLES = ['hot', ...Array.from({ length: 12 }, (_, at) => `t${at}`)]
/** Nobody merges manifests: what one writer merged another would have to have, too. */
const REBASING = {
  'format-version': '3',
  'commit.rebase-appends.enabled': 'true',
  'commit.manifest-merge.enabled': 'false',
}
const KEEPING = { 'commit.rebase-appends.enabled': 'false', 'commit.manifest-merge.enabled': 'false' }

const root = mkdtempSync(join(tmpdir(), 'moraine-commits-crash-'))
const dataDir = join(root, 'data')
const random = seededRandom(20)
const io = localFileIO(random)
const decided: { readonly commit: CrashedCommit; readonly outcome: 'done' | 'undone' }[] = []
let service = await start()
await prepareOnce(service.base)
after(() => {
  service.cli.child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

for (let round = 1; round <= ROUNDS; round += 1) {
  test(`killed with ${REQUESTS} requests in flight: round ${round}`, { timeout: 120_000 }, async (context) => {
    const { cli, ended, base } = service
    const commits = await prepareRound(base, round)
    const killAfter = randomBelow(REQUESTS - 20)
    let answered = 0
    const sent = commits.map(async (commit) => {
      const status = await statusOf(base, commit.request)
      // The others are being answered.
      if (status !== undefined && answered++ === killAfter) cli.child.kill('SIGKILL')
      return { commit, status }
    })
    const results = await Promise.all(sent)
    await ended
    const { overtaken, refused } = partedBy(results)
    assert.deepEqual(refused, [])

    service = await start()
    const state = await readCatalog(service.base, io)
    for (const { commit, outcome } of decided)
      assert.equal(commit.judge(state), outcome, `${commit.name}, once decided`)
    let surprises = 0
    for (const { commit, status } of results) {
      const outcome = commit.judge(state)
      assert.ok(outcome === 'done' || outcome === 'undone', `${commit.name}: ${formatExactJson(outcome)}`)
      if (status !== undefined) {
        const expected = overtaken.includes(commit) ? 'undone' : 'done'
        assert.equal(outcome, expected, `${commit.name} was answered ${status}`)
      } else if (outcome === 'done') surprises += 1
      if (!isAppend(commit)) decided.push({ commit, outcome })
    }
    for (const file of state.metadataFiles) assert.ok(existsSync(file), `${file} is missing`)
    const acknowledged = results.filter(({ status }) => status !== undefined).length
    assert.ok(acknowledged > killAfter && acknowledged < REQUESTS, `${acknowledged} were acknowledged`)
    context.diagnostic(
      `${acknowledged} answered, ${overtaken.length} of them with 409, ${surprises} of the others made; ${leftovers(state.metadataFiles, await loadServed(service.base, 'rebasing'))}`,
    )
    await finishAppends(service.base, results)
  })
}

async function start(): Promise<{ readonly cli: StartedCli; readonly ended: Promise<unknown>; readonly base: string }> {
  const cli = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', dataDir])
  const ended = once(cli.child, 'exit')
  return { cli, ended, base: `${await serviceUrl(cli)}/api/iceberg/rest/v1/catalogs/lake` }
}

async function prepareOnce(base: string): Promise<void> {
  await ask(base, CREATE_NAMESPACE)
  for (const table of TABLES) await ask(base, createTable(table))
  await ask(base, createTable('rebasing', REBASING))
  await ask(base, createTable('keeping', KEEPING))
}

/** Commits of all kinds, in random order. */
async function prepareRound(base: string, round: number): Promise<readonly CrashedCommit[]> {
  const commits: CrashedCommit[] = []
  const append = await appender(base)
  for (let at = 0; at < REQUESTS; at += 1) {
    const id = `${round}-${at}`
    const table = TABLES[randomBelow(TABLES.length)] ?? 'hot'
    const other = TABLES[(TABLES.indexOf(table) + 1) % TABLES.length] ?? 'hot'
    const kind = at % 15
    if (kind < 3) commits.push(markTable('hot', `m${id}`))
    else if (kind < 5) commits.push(markTable(table, `m${id}`))
    else if (kind === 5) commits.push(inWarehouse(markTogether([table, other], `both-${id}`, `m${id}`)))
    else if (kind === 6) commits.push(create(`new-${id}`))
    else if (kind === 7) commits.push(createView(`view-${id}`))
    else if (kind >= 10) commits.push(await append(kind === 14 ? 'keeping' : 'rebasing', `append-${id}`))
    else {
      await ask(base, createTable(`old-${id}`))
      commits.push(kind === 8 ? rename(`old-${id}`, `renamed-${id}`) : drop(`old-${id}`))
    }
  }
  const places = commits.map((commit) => ({ commit, place: randomBelow(1 << 16) }))
  return places.sort((a, b) => a.place - b.place).map(({ commit }) => commit)
}

/** Appends by writers that all see the table as it is now. */
async function appender(base: string): Promise<(table: 'rebasing' | 'keeping', id: string) => Promise<CrashedAppend>> {
  const [rebasing, keeping] = [await loadServed(base, 'rebasing'), await loadServed(base, 'keeping')]
  return (name, id) => {
    const metadata = name === 'rebasing' ? rebasing : keeping
    return prepareAppend({ name, path: commitPath(name), metadata }, id, { io, random })
  }
}

type Answered = { readonly commit: CrashedCommit; readonly status: number | undefined }

/** The appends that came second where nothing is rebased, and what should not have been refused. */
function partedBy(results: readonly Answered[]) {
  const isOvertaken = ({ commit, status }: Answered) => status === 409 && isAppend(commit) && commit.table === 'keeping'
  const refused = results.filter((each) => each.status !== undefined && each.status >= 300 && !isOvertaken(each))
  return {
    overtaken: results.filter(isOvertaken).map(({ commit }) => commit),
    refused: refused.map(({ commit, status }) => `${commit.name}: ${status}`),
  }
}

function isAppend(commit: CrashedCommit): commit is CrashedAppend {
  return 'removeAfterSuccess' in commit
}

/** What the writers of appends do then: whoever heard nothing asks again; whoever knows removes what is of no use. */
async function finishAppends(base: string, results: readonly Answered[]): Promise<void> {
  const finished: { readonly append: CrashedAppend; readonly isMade: boolean }[] = []
  for (const { commit, status } of results) {
    if (!isAppend(commit)) continue
    const heard = status ?? (await statusOf(base, commit.request))
    const mayBeRefused = commit.table === 'keeping'
    assert.ok(heard === 200 || (heard === 409 && mayBeRefused), `${commit.name}, sent again: ${heard}`)
    finished.push({ append: commit, isMade: heard === 200 })
  }
  const tables = { rebasing: await loadServed(base, 'rebasing'), keeping: await loadServed(base, 'keeping') }
  for (const { append, isMade } of finished)
    await (isMade ? append.removeAfterSuccess(tables[append.table]) : append.removeAfterRefusal())
  const state = await readCatalog(base, io)
  for (const { append, isMade } of finished) {
    const outcome = isMade ? 'done' : 'undone'
    assert.equal(append.judge(state), outcome, `${append.name}, finished`)
    decided.push({ commit: append, outcome })
  }
}

/** Whoever creates a table in a transaction says where it is to be. */
function inWarehouse(commit: CrashedCommit): CrashedCommit {
  const body = formatExactJson(commit.request.body).replaceAll('LOCATION', join(dataDir, 'warehouse', 'db'))
  return { ...commit, request: { ...commit.request, body: JSON.parse(body) } }
}

async function ask(base: string, request: CatalogRequest): Promise<void> {
  const status = await statusOf(base, request)
  assert.ok(status !== undefined && status < 300, `${request.method} ${request.path}: ${status}`)
}

/** `undefined` if there was no answer. */
async function statusOf(base: string, { method, path, body }: CatalogRequest): Promise<number | undefined> {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: formatExactJson(body) }
  try {
    const response = await fetch(`${base}/${path}`, { method, ...json })
    await response.arrayBuffer().catch(() => {}) // cut short, but the status was said
    return response.status
  } catch {
    return undefined
  }
}

/** What the kills left on the disk; nobody points to it. */
function leftovers(metadataFiles: ReadonlySet<string>, { snapshots }: TableMetadata): string {
  const warehouse = join(dataDir, 'warehouse')
  const names = readdirSync(warehouse, { recursive: true, encoding: 'utf8' })
  const metadata = names.filter((name) => name.endsWith('.metadata.json') && !metadataFiles.has(join(warehouse, name)))
  const referenced = formatExactJson(
    snapshots.map(({ manifests }) => (manifests.kind === 'list' ? manifests.location : '')),
  )
  const lists = names.filter((name) => /\/snap-\d+-0-[^/]*\.avro$/.test(name) && !referenced.includes(name))
  const temporary = names.filter((name) => isTemporaryName(name.slice(name.lastIndexOf('/') + 1)))
  return `${metadata.length} metadata files that nobody points to, those of dropped tables among them, ${lists.length} manifest lists of rebased appends, ${temporary.length} temporary files`
}

function randomBelow(limit: number): number {
  const [high = 0, low = 0] = random.bytes(2)
  return (high * 256 + low) % limit
}
