import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { GLUE_TRAITS, openGluePair } from '@moraine/catalogs/glue/testing/glue-conformance'
import { startLossyGlueProxy } from '@moraine/catalogs/glue/testing/lossy-glue-proxy'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { createSalesOrders } from '@moraine/testkit/conformance/catalog-samples'
import { startMoto, stopMoto } from '../lab/moto.ts'

// The conformance suite over moto: a Glue and an S3 by others, through AWS's own client.

const name = `conformance-${process.pid}`
const started = startMoto(name)

if (started.kind === 'unavailable') {
  test('conformance over Glue', (context) => context.skip(started.why))
} else {
  const { settings, endpoint } = started.engine
  const proxy = await startLossyGlueProxy(endpoint)
  const io = openStorage(settings, { clock: systemClock, random: systemRandom })
  after(async () => {
    await proxy.close()
    stopMoto(name)
  })
  catalogConformance('Glue by moto', GLUE_TRAITS, async () => {
    await forgetAll(endpoint)
    const { close, ...pair } = await openGluePair(proxy, endpoint, io, settings)
    return {
      ...pair,
      io,
      scratch: 's3://lab/scratch',
      async close() {
        await close()
        assert.equal(proxy.pending(), 0)
      },
    }
  })
  test('that commits can be made is seen without one', async () => {
    await forgetAll(endpoint)
    const { catalog, close } = await openGluePair(proxy, endpoint, io, settings)
    const { identifier, metadataLocation } = await createSalesOrders({ catalog })
    assert.match((await catalog.probeCommit?.(identifier)) ?? '', /was refused, as it must be/)
    assert.equal(await catalog.findMetadataLocation(identifier), metadataLocation)
    await close()
  })
}

async function forgetAll(endpoint: string): Promise<void> {
  const reset = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' })
  assert.equal(reset.status, 200)
  const bucket = await fetch(`${endpoint}/lab`, { method: 'PUT' })
  assert.equal(bucket.status, 200)
}
