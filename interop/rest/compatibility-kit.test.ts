import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DEPTH } from '../lab/depth.ts'
import { moraine, startService } from '../lab/moraine.ts'
import { type KitRun, type KitTarget, type KitTest, runCompatibilityKit, runMoreOfKit } from '../lab/rck.ts'
import { startRestServer } from '../lab/rest-server.ts'

// The Iceberg project's own kit, against the catalog of `moraine serve` with every setting that the kit has. Nothing fails;
// what is skipped has the kit's own reason, word for word. Of that, what the kit's own server alone keeps it from running is
// run as well: what is left wants the root to be a namespace with tables in it.

/** Every setting of `RESTCompatibilityKitSuite`. */
const EVERYTHING = {
  'requires-namespace-create': 'true',
  'supports-serverside-retry': 'true',
  'supports-names-with-dot': 'true',
  'overrides-requested-location': 'false',
}

const notMet = (why: string) =>
  `org.junit.AssumptionViolatedException: assumption was not met due to: ${why}Expecting value to be true but was false`
const NESTED = notMet('[Only valid when the catalog supports nested namespaces] ')
// The kit does not say why: `supportsNamesWithSlashes` and `supportsNamesWithDot`, of which only the latter is a setting.
const NAMES = notMet('')

/** The kit's own reasons. None has a setting. */
const SKIPPED: Readonly<Record<string, string>> = {
  'RESTCompatibilityKitCatalogTests.createAndDropEmptyNamespace': notMet(
    '[Only valid for catalogs that support creating/dropping empty namespaces] ',
  ),
  'RESTCompatibilityKitCatalogTests.createTableInUniqueLocation':
    'RESTServerExtension isn\u2019t configurable per test',
  'RESTCompatibilityKitCatalogTests.listNamespacesWithEmptyNamespace': notMet(
    '[Only valid for catalogs that support empty namespaces] ',
  ),
  'RESTCompatibilityKitCatalogTests.listTablesInEmptyNamespace': notMet(
    '[Only valid for catalogs that support listing tables in empty namespaces] ',
  ),
  'RESTCompatibilityKitCatalogTests.namespacePropertiesOnEmptyNamespace': notMet(
    '[Only valid for catalogs that support properties on empty namespaces] ',
  ),
  'RESTCompatibilityKitCatalogTests.testDropNamespaceWithNestedNamespace': NESTED,
  'RESTCompatibilityKitCatalogTests.testListNestedNamespaces': NESTED,
  'RESTCompatibilityKitCatalogTests.testNamespaceWithSlash': NAMES,
  'RESTCompatibilityKitCatalogTests.testTableNameWithSlash': NAMES,
  'RESTCompatibilityKitViewCatalogTests.listViewsInEmptyNamespace': notMet(
    '[Only valid for catalogs that support listing views in empty namespaces] ',
  ),
}

const MORE = [
  'LabCatalogKit.createTableInUniqueLocation',
  'LabCatalogKit.testDropNamespaceWithNestedNamespace',
  'LabCatalogKit.testListNestedNamespaces',
  'LabCatalogKit.testNamespaceWithSlash',
  'LabCatalogKit.testTableNameWithSlash',
]

const KIT = 'RESTCompatibilityKitCatalogTests'

// What fails here is the kit's, or the lab's, and no fault of the catalog under test.
if (DEPTH === 'all') {
  test('control: the REST compatibility kit passes on the reference server', { timeout: 600_000 }, async (context) => {
    const server = startRestServer(`kit-${process.pid}`)
    if (server.kind === 'unavailable') return context.skip(server.why)
    const home = mkdtempSync(`${tmpdir()}/moraine-kit-control-`)
    try {
      const { properties, warehouse } = server.engine
      const target = { uri: properties['uri'] ?? '', warehouse, directory: join(home, 'reports') }
      // Its configuration says that levels are parted by dots.
      const run = await runCompatibilityKit(target, { ...EVERYTHING, 'supports-names-with-dot': 'false' })
      if (run.kind === 'unavailable') return context.skip(run.why)
      const dots = { [`${KIT}.testNamespaceWithDot`]: NAMES, [`${KIT}.testTableNameWithDot`]: NAMES }
      // The catalog behind it says so in other words.
      const wording = /table in catalog lab\. Namespace non-existing does not exist/
      const failed = { [`${KIT}.tableCreationWithoutNamespace`]: wording }
      judge(context, run.tests, { passed: 144, skipped: { ...SKIPPED, ...dots }, failed })
    } finally {
      server.engine.stop()
      rmSync(home, { recursive: true, force: true })
    }
  })
}

test('the REST compatibility kit passes', { timeout: 600_000 }, (context) =>
  onService(context, runCompatibilityKit, (tests) => {
    judge(context, tests, { passed: 147, skipped: SKIPPED, failed: {} })
  }),
)

test('what the REST compatibility kit turns off in code passes', { timeout: 600_000 }, (context) =>
  onService(context, runMoreOfKit, (tests) => {
    judge(context, tests, { passed: MORE.length, skipped: {}, failed: {} })
    assert.deepEqual(tests.map(({ name }) => name).sort(), MORE)
  }),
)

async function onService(
  context: TestContext,
  runOn: (target: KitTarget, settings: Readonly<Record<string, string>>) => Promise<KitRun>,
  check: (tests: readonly KitTest[]) => void,
): Promise<void> {
  const home = mkdtempSync(`${tmpdir()}/moraine-kit-`)
  const service = await startService(join(home, 'data'))
  try {
    // The kit names locations in /tmp, and expects its tables there.
    const anywhere = ['--property', 'allow.external.table.location=true']
    const changed = await moraine(['catalog', 'change', 'lake', ...anywhere, '--server', service.url])
    assert.equal(changed.code, 0, changed.stderr)
    const target = { uri: `${service.url}/api/iceberg/rest`, warehouse: 'lake', directory: join(home, 'reports') }
    const run = await runOn(target, EVERYTHING)
    if (run.kind === 'unavailable') return context.skip(run.why)
    check(run.tests)
  } finally {
    await service.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

type Expected = {
  /** How many: the kit is of one version, and what it no longer runs would not be missed otherwise. */
  readonly passed: number
  readonly skipped: Readonly<Record<string, string>>
  readonly failed: Readonly<Record<string, RegExp>>
}

/** What was skipped, and for what reason of the kit's own, is what stands in `skipped`; nothing failed but `failed`. */
function judge(context: TestContext, tests: readonly KitTest[], { passed, skipped, failed }: Expected): void {
  const of = (outcome: KitTest['outcome']) => tests.filter((each) => each.outcome === outcome)
  assert.deepEqual(
    of('failed').filter(({ name, reason }) => failed[name]?.test(reason) !== true),
    [],
  )
  assert.deepEqual(Object.fromEntries(of('skipped').map(({ name, reason }) => [name, reason])), skipped)
  const counts = { passed: of('passed').length, failed: of('failed').length, skipped: of('skipped').length }
  assert.deepEqual(counts, { passed, failed: Object.keys(failed).length, skipped: Object.keys(skipped).length })
  context.diagnostic(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  for (const { name, reason } of of('skipped')) context.diagnostic(`skipped: ${name}: ${reason}`)
}
