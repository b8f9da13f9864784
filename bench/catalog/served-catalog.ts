import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLeashed } from '../../interop/lab/leashed.ts'

/** A service of this checkout, alone and with nothing in it but the empty catalog `lake`. */
export type ServedCatalog = {
  readonly dataDir: string
  readonly url: string
  /** Of the Iceberg REST catalog, with the prefix of `lake`. */
  readonly base: string
  residentMb(): Promise<number>
  stop(): Promise<void>
}

/** @param prepare changes the data directory before the service starts */
export async function serveCatalog(prepare?: (dataDir: string) => Promise<void>): Promise<ServedCatalog> {
  const home = await mkdtemp(join(tmpdir(), 'moraine-bench-'))
  const dataDir = join(home, 'data')
  if (prepare !== undefined) {
    // The service makes its directory, database and catalog itself.
    await (await start(dataDir)).stop()
    await prepare(dataDir)
  }
  const service = await start(dataDir)
  return {
    dataDir,
    url: service.url,
    base: `${service.url}/api/iceberg/rest/v1/catalogs/lake`,
    async residentMb() {
      const text = await (await fetch(`${service.url}/metrics`)).text()
      return Number(/^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? Number.NaN) / 2 ** 20
    },
    async stop() {
      await service.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function start(dataDir: string) {
  const serve = ['serve', '--no-sample', '--port', '0', '--thrift-port', '0', '--data-dir', dataDir]
  const leashed = startLeashed('bin/moraine', serve)
  const [, url = ''] = /listens on (\S+), for/.exec(await leashed.line(/listens on/)) ?? []
  return { url, stop: () => leashed.stop() }
}
