import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isTest, isTypeScript, root, type SourceFile, sourceFiles } from './source-files.ts'

/** Who may import whom. Everything may import stdx; tests may also import testkit and any package below their own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  stdx: [],
  thrift: [],
  avro: [],
  parquet: ['thrift'],
  storage: [],
  iceberg: ['avro', 'storage'],
  catalogs: ['iceberg', 'storage', 'thrift', 'avro'],
  maintenance: ['iceberg', 'storage', 'catalogs'],
  rewrite: ['parquet', 'iceberg', 'storage', 'maintenance'],
  lifecycle: [],
  management: ['lifecycle', 'iceberg', 'maintenance'],
  persistence: ['management', 'lifecycle'],
  api: ['lifecycle', 'thrift'],
  client: ['api', 'lifecycle'],
  testkit: ['iceberg', 'storage', 'catalogs', 'avro', 'parquet', 'maintenance', 'rewrite', 'management', 'lifecycle'],
  server: [
    'api',
    'avro',
    'catalogs',
    'iceberg',
    'lifecycle',
    'maintenance',
    'management',
    'parquet',
    'persistence',
    'rewrite',
    'storage',
    'thrift',
    'client',
  ],
  optimizer: ['api', 'rewrite', 'storage', 'thrift', 'maintenance', 'lifecycle'],
  cli: [
    'api',
    'catalogs',
    'client',
    'iceberg',
    'lifecycle',
    'maintenance',
    'optimizer',
    'rewrite',
    'server',
    'storage',
    'parquet',
  ],
}

/** Folders that decide and never do. */
const PURE = [
  'packages/avro/',
  'packages/iceberg/',
  'packages/parquet/',
  'packages/lifecycle/',
  'packages/management/',
  'packages/api/',
  'packages/maintenance/src/plan/',
  'packages/maintenance/src/verify/',
]
const PURE_NODE_MODULES = new Set(['node:zlib', 'node:crypto', 'node:buffer', 'node:test', 'node:assert/strict'])

const files = sourceFiles(isTypeScript)

test('packages import only what the table allows', () => {
  const wrong = files.flatMap((file) => {
    const own = packageOf(file.path)
    if (own === undefined || isTest(file.path) || file.path.includes('/conformance/')) return []
    const allowed = new Set([...(MAY_IMPORT[own] ?? []), own, 'stdx'])
    return importsOf(file).flatMap((target) => {
      const other = /^@moraine\/([^/]+)/.exec(target)?.[1]
      return other === undefined || allowed.has(other) ? [] : [`${file.path} imports ${target}`]
    })
  })
  assert.deepEqual(wrong, [])
})

test('a package declares every dependency that it imports', () => {
  const wrong = files.flatMap((file) => {
    const folder = /^((?:packages|apps)\/[^/]+)\//.exec(file.path)?.[1]
    if (folder === undefined || isTest(file.path)) return []
    const { name, dependencies = {} } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as {
      name: string
      dependencies?: object
    }
    return importsOf(file).flatMap((target) => {
      if (target.startsWith('.') || target.startsWith('node:')) return []
      const wanted = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
      return wanted === name || wanted in dependencies
        ? []
        : [`${file.path} imports ${wanted}, which ${folder}/package.json does not list`]
    })
  })
  assert.deepEqual(wrong, [])
})

test('pure folders do no I/O', () => {
  const wrong = files.flatMap((file) => {
    if (!PURE.some((folder) => file.path.startsWith(folder)) || isTest(file.path)) return []
    return importsOf(file).flatMap((target) =>
      target.startsWith('node:') && !PURE_NODE_MODULES.has(target) ? [`${file.path} imports ${target}`] : [],
    )
  })
  assert.deepEqual(wrong, [])
})

test('no package is reached by a relative path', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file).flatMap((target) =>
      /^(\.\.\/)+(packages|apps|[a-z]+\/src)\//.test(target) ? [`${file.path} imports ${target}`] : [],
    ),
  )
  assert.deepEqual(wrong, [])
})

test('packages do not import one another in a circle', () => {
  const edges = new Map<string, Set<string>>()
  for (const file of files) {
    const own = packageOf(file.path)
    if (own === undefined || isTest(file.path) || own === 'testkit') continue
    for (const target of importsOf(file)) {
      const other = /^@moraine\/([^/]+)/.exec(target)?.[1]
      if (other !== undefined && other !== own) edges.set(own, (edges.get(own) ?? new Set()).add(other))
    }
  }
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), `circle: ${[...path, name].join(' -> ')}`)
    for (const next of edges.get(name) ?? []) visit(next, [...path, name])
  }
  for (const name of edges.keys()) visit(name, [])
})

function packageOf(path: string): string | undefined {
  return /^(?:packages|apps)\/([^/]+)\//.exec(path)?.[1]
}

function importsOf(file: SourceFile): readonly string[] {
  const patterns =
    /^import ['"]([^'"\n]+)['"]|^(?:import|export|\}).* from ['"]([^'"\n]+)['"]|\bimport\(['"]([^'"\n]+)['"]\)/gm
  return [...file.text.matchAll(patterns)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}
