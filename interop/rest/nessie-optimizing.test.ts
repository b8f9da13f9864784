import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { moraine, startService } from '../lab/moraine.ts'
import { startNessie } from '../lab/nessie.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { registerExternal } from '../lab/register-external.ts'
import type { LedgeredWriter } from '../optimize/ledgered-writer.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'
import { pyIcebergWriter } from './pyiceberg-writer.ts'
import { writeUntilOptimized } from './write-beside-optimizing.ts'

// PyIceberg writes a table of Nessie on S3 while `moraine serve`, where Nessie is registered as an external catalog,
// optimizes it. Nessie shows no snapshots but the current one, so what each commit left is read right after it. It also vends the
// credentials to a table's files, which nobody here has others for: neither PyIceberg, nor the command, nor the service with its
// optimizer.

const name = `nessie-optimizing-${process.pid}`
const minio = startMinio(name)
const nessie = 'skip' in minio ? undefined : startNessie(name, minio.settings)
const pyiceberg = await startPyIceberg()
const dataDir = mkdtempSync(`${tmpdir()}/moraine-nessie-`)
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  if (nessie?.kind === 'started') nessie.engine.stop()
  stopMinio(name)
  rmSync(dataDir, { recursive: true, force: true })
})

test('PyIceberg writes to Nessie throughout optimizing', { timeout: 300_000 }, async (context) => {
  if ('skip' in minio) return context.skip(minio.skip)
  if (nessie?.kind !== 'started') return context.skip(nessie?.why)
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  const { properties } = nessie.engine
  const { engine } = pyiceberg
  await engine.addCatalog('far', { type: 'rest', ...properties })
  const table = ['far', 'db', 'events']
  const writer = await pyIcebergWriter(engine, table)
  await byCommand(properties, writer, context.signal)
  assert.deepEqual(await engine.readRows({ table }), writer.states.at(-1))

  const service = await startService(dataDir)
  context.after(() => service.kill())
  await registerExternal(service, 'far', 'rest', properties)
  const held = async () => assert.deepEqual(await engine.readRows({ table }), writer.states.at(-1))
  const checked = {
    ...writer,
    async step(signal?: AbortSignal) {
      await held() // whatever Moraine committed since
      const outcome = await writer.step(signal)
      await held()
      return outcome
    },
  }
  const asked = { catalog: 'far', db: 'db', table: 'events' }
  const { rewrites, failed } = await writeUntilOptimized(context, service, asked, checked)
  await held()
  await service.stop()
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of PyIceberg, ${rewrites} rewrites and ${failed} conflicts of Moraine`,
  )
})

/** The command is told where the catalog is, and nothing of its store. */
async function byCommand(
  { uri = '', warehouse = '' }: Readonly<Record<string, string>>,
  writer: LedgeredWriter,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < 3; at += 1) await writer.step(signal)
  const catalog = ['--catalog-uri', uri, '--warehouse', warehouse]
  const run = await moraine(['table', 'optimize', 'db.events', '--type', 'full', '--json', ...catalog], signal)
  assert.equal(run.code, 0, run.stderr)
  assert.match(run.stdout, /"outcome": ?"committed"/)
}
