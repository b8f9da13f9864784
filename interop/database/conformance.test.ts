import { after, test } from 'node:test'
import { catalogStoresConformance } from '@moraine/testkit/conformance/catalog-stores'
import { leasesConformance } from '@moraine/testkit/conformance/leases'
import { storesConformance } from '@moraine/testkit/conformance/stores'
import { ENGINES, startLabDatabase } from './lab-database.ts'

// What the stores promise, on servers. Each test has a database of its own, made by the migrations.

const started = ENGINES.map((engine) => [engine, startLabDatabase(engine, `stores-${process.pid}`)] as const)
after(() => {
  for (const [, lab] of started) if (lab.kind === 'started') lab.engine.server.stop()
})

for (const [engine, lab] of started) {
  if (lab.kind === 'unavailable') {
    test(`${engine}: stores`, (context) => context.skip(lab.why))
    continue
  }
  const { create, open } = lab.engine
  const fresh = async () => open(await create())
  storesConformance(engine, fresh)
  catalogStoresConformance(engine, fresh)
  leasesConformance(engine, fresh)
}
