import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

type Figures = { readonly snapshotId: number | bigint; readonly dataFiles: number; readonly rows: number }
type Report = { readonly before: Figures; readonly after: Figures; readonly sameRows: boolean }

const root = mkdtempSync(join(tmpdir(), 'moraine-start-'))
after(() => rmSync(root, { recursive: true, force: true }))
const startIn = (name: string) => ['start', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, name)]

test('start --once --json ends by itself, and its last line is the report', { timeout: 120_000 }, async () => {
  const { code, out, err } = await runCli([...startIn('sample'), '--once', '--json'])
  assert.equal(code, 0, err)
  const report = parseExactJson(out.trimEnd().split('\n').at(-1) ?? '', 'the last line') as unknown as Report
  assert.equal(report.sameRows, true)
  assert.ok(report.after.rows > 0 && report.after.rows === report.before.rows)
  assert.ok(report.after.dataFiles < report.before.dataFiles)
  const ids = [report.before.snapshotId, report.after.snapshotId]
  assert.ok(ids.every((id) => typeof id !== 'string') && ids[0] !== ids[1], `${ids}`)
  assert.ok(existsSync(join(root, 'sample', 'moraine.db')))
})

test('a second start says what it goes on with, and does not show what was done before', async () => {
  const { code, out, err } = await runCli([...startIn('sample'), '--once', '--timeout', '3'])
  assert.deepEqual([code, out], [3, ''], err)
  assert.match(err, /sample\.orders is there from an earlier start, with \d+ commits, optimized [1-9]\d* times?;/)
  assert.match(err, /--once waited 3\.0 s for an optimizing of sample\.orders \(\d+ commits? to it since the start\)/)
})

for (const [command, end] of [
  ['start', '; Ctrl-C stops it'],
  ['serve', ''],
] as const) {
  test(`${command} says where it is reached, by optimizers too, and where its data is`, async () => {
    const dataDir = join(root, `said-by-${command}`)
    const beside = command === 'start' ? ['--no-sample'] : []
    const service = startCli([command, ...beside, '--port', '0', '--thrift-port', '0', '--data-dir', dataDir])
    const line = await service.line(/moraine listens on/)
    const [, url, thriftPort, rest] = /listens on (\S+), for optimizers on thrift port (\d+); (.*)$/.exec(line) ?? []
    assert.match(`${url} ${thriftPort}`, /^http:\/\/127\.0\.0\.1:[1-9]\d* [1-9]\d*$/, line)
    assert.equal(rest, `its data is in ${dataDir}${end}`)
    assert.equal(await service.stop(), 0)
  })
}

test('who stops it is told that it stops, and that it has stopped', async () => {
  const service = startCli([...startIn('stopped'), '--no-sample'])
  await serviceUrl(service)
  const stopping = service.line(/moraine is stopping/)
  const stopped = service.line(/moraine has stopped/)
  // A terminal signals the whole group, and who started the program may pass the signal on.
  service.child.kill('SIGINT')
  assert.equal(await service.stop(), 0)
  await stopping
  await stopped
})

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['--once', '--no-sample'], /--once waits for the sample table .* --no-sample/],
  [['--timeout', '5'], /--timeout is how long --once waits/],
  [['--once', '--timeout', '5m'], /--timeout 5m: it must be a whole number from 1 to 86400/],
]

for (const [args, says] of WRONG) {
  test(`wrong usage, nothing is started: ${args.join(' ')}`, async () => {
    const { code, out, err } = await runCli([...startIn('never'), ...args])
    assert.deepEqual([code, out], [2, ''], err)
    assert.match(err, says)
    assert.equal(existsSync(join(root, 'never')), false)
  })
}
