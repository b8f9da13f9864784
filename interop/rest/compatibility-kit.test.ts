import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { moraine, startService } from '../lab/moraine.ts'
import { runCompatibilityKit } from '../lab/rck.ts'

// The Iceberg project's own kit, against the catalog of `moraine serve`. Nothing fails; what is skipped is what no setting
// of the kit can enable, and no more.

const EVERYTHING = {
  'requires-namespace-create': 'true',
  'supports-serverside-retry': 'true',
  'supports-names-with-dot': 'true',
  'overrides-requested-location': 'false',
}

const NO_SETTING: Readonly<Record<string, string>> = {
  'RESTCompatibilityKitCatalogTests.createAndDropEmptyNamespace': 'the root as a namespace of its own',
  'RESTCompatibilityKitCatalogTests.namespacePropertiesOnEmptyNamespace': 'the root as a namespace of its own',
  'RESTCompatibilityKitCatalogTests.listTablesInEmptyNamespace': 'tables in the root',
  'RESTCompatibilityKitCatalogTests.listNamespacesWithEmptyNamespace': 'the root as a namespace of its own',
  'RESTCompatibilityKitViewCatalogTests.listViewsInEmptyNamespace': 'views in the root',
  'RESTCompatibilityKitCatalogTests.testListNestedNamespaces': 'nested namespaces, off in the kit for REST',
  'RESTCompatibilityKitCatalogTests.testDropNamespaceWithNestedNamespace': 'nested namespaces, off in the kit for REST',
  'RESTCompatibilityKitCatalogTests.testNamespaceWithSlash': 'names with slashes, off in the kit for REST',
  'RESTCompatibilityKitCatalogTests.testTableNameWithSlash': 'names with slashes, off in the kit for REST',
  'RESTCompatibilityKitCatalogTests.createTableInUniqueLocation': 'a server that the kit starts itself',
}

test('the REST compatibility kit passes', { timeout: 600_000 }, async (context) => {
  const home = mkdtempSync(`${tmpdir()}/moraine-kit-`)
  const service = await startService(join(home, 'data'))
  try {
    // The kit names locations in /tmp, and expects its tables there.
    const anywhere = ['--property', 'allow.external.table.location=true']
    const changed = await moraine(['catalog', 'change', 'lake', ...anywhere, '--server', service.url])
    assert.equal(changed.code, 0, changed.stderr)
    const target = { uri: `${service.url}/api/iceberg/rest`, warehouse: 'lake', directory: join(home, 'reports') }
    const run = await runCompatibilityKit(target, EVERYTHING)
    if (run.kind === 'unavailable') return context.skip(run.why)
    const of = (outcome: string) => run.tests.filter((each) => each.outcome === outcome)
    assert.deepEqual(of('failed'), [])
    assert.deepEqual(
      of('skipped')
        .map(({ name }) => name)
        .sort(),
      Object.keys(NO_SETTING).sort(),
    )
    assert.ok(run.tests.length >= 157, `${run.tests.length} tests ran`)
    context.diagnostic(`${of('passed').length} passed; skipped: ${JSON.stringify(NO_SETTING)}`)
  } finally {
    await service.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
