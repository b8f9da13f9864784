import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCli } from '../testing/start-cli.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

for (const host of ['0.0.0.0', '::1', '::']) {
  const skip = host.includes(':') && !hasIpv6 && 'needs IPv6'
  test(`start on ${host}: the optimizer beside it finds its way`, { skip, timeout: 60_000 }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'moraine-host-'))
    const args = ['start', '--no-sample', '--host', host, '--port', '0', '--thrift-port', '0', '--data-dir', dataDir]
    const service = startCli(args)
    try {
      await service.line(/registered in group default/)
    } finally {
      await service.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
}
