import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { createSalesOrders } from '@moraine/testkit/conformance/catalog-samples'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { restErrorOf } from '../iceberg-rest/rest-error.ts'
import { withStoreFailures } from './store-failures.ts'

test('a warehouse that cannot be written is no fault of who creates a table', async (context) => {
  const root = await mkdtemp(join(tmpdir(), 'moraine-store-'))
  context.after(() => rm(root, { recursive: true }))
  await writeFile(join(root, 'wh'), 'a file')
  const random = seededRandom(3)
  const io = withStoreFailures(localFileIO(random))
  const { pointers } = memoryCatalogs()
  const warehouse = join(root, 'wh')
  const catalog = internalCatalog({
    ...{ name: 'lake', warehouse, pointers, io, clock: virtualClock(), random, onLeftover: assert.fail },
  })
  await assert.rejects(createSalesOrders({ catalog }), (error) => {
    assert.ok(isKind(error, 'unavailable'), String(error))
    assert.match(
      error.message,
      /the store of the catalog cannot be used as it is set up: .*\/wh\/sales.*a part of the path is a file/,
    )
    assert.equal(restErrorOf(error).status, 503)
    return true
  })
  await assert.rejects(io.read(join(root, 'none')), (error) => isKind(error, 'not-found'))
})
