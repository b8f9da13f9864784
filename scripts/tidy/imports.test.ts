import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Import, importedPath, importsOf } from './imports-of.ts'
import { isTest, isTypeScript, root, sourceFiles } from './source-files.ts'

/**
 * Who may import whom; everything may import stdx. `maintenance/plan` opens that folder only; `(types)` nothing that
 * runs. Tests and testkit may import any package.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  stdx: [],
  thrift: [],
  avro: [],
  parquet: ['thrift'],
  storage: [],
  iceberg: ['avro', 'storage (types)'],
  catalogs: ['iceberg', 'storage', 'thrift'],
  maintenance: ['iceberg', 'parquet', 'storage (types)', 'catalogs', 'lifecycle (types)'],
  rewrite: ['parquet', 'iceberg', 'storage', 'maintenance/plan'],
  lifecycle: [],
  management: ['lifecycle', 'iceberg (types)', 'catalogs (types)', 'maintenance/plan (types)'],
  persistence: ['management', 'lifecycle', 'catalogs (types)', 'storage/places'],
  api: ['thrift'],
  client: ['api'],
  server: ['api', 'catalogs', 'iceberg', 'lifecycle', 'maintenance', 'management', 'persistence', 'storage', 'thrift'],
  optimizer: ['api', 'thrift', 'storage', 'rewrite', 'maintenance/plan'],
  web: ['api (types)'],
  cli: [
    'server/compose',
    'server/config',
    'optimizer',
    'api (types)',
    'client',
    'catalogs',
    'iceberg',
    'maintenance',
    'rewrite',
    'storage',
  ],
}

const files = sourceFiles(isTypeScript)
const production = files.filter(({ path }) => !isTest(path) && !path.startsWith('packages/testkit/'))

test('packages import only what the table allows', () => {
  const wrong = production.flatMap((file) => {
    const own = packageOf(file.path)
    if (own === undefined) return []
    const allowed = MAY_IMPORT[own] ?? []
    return importsOf(file).flatMap((imported) => {
      const other = otherPackage(imported.target)
      if (other === undefined || other === own || other === 'stdx') return []
      return allowed.some((entry) => opens(entry, imported)) ? [] : [`${file.path} imports ${imported.target}`]
    })
  })
  assert.deepEqual(wrong, [])
})

test('the table allows nothing that nobody uses', () => {
  const unused = Object.entries(MAY_IMPORT).flatMap(([own, allowed]) => {
    const imports = production.filter((file) => packageOf(file.path) === own).flatMap(importsOf)
    return allowed
      .filter((entry) => !imports.some((imported) => opens(entry, imported)))
      .map((entry) => `${own} -> ${entry}`)
  })
  assert.deepEqual(unused, [])
})

test('ARCHITECTURE.md shows this table', () => {
  const text = readFileSync(`${root}ARCHITECTURE.md`, 'utf8')
  const shown = [...text.matchAll(/^\| `(?:apps\/)?([a-z]+)` +\|[^|]*\| ([^|]*?) *\|$/gm)].map(
    ([, name = '', cell = '']): [string, readonly string[]] => [name, cell === 'nothing' ? [] : cell.split(', ')],
  )
  assert.deepEqual(Object.fromEntries(shown.filter(([name]) => name !== 'testkit')), MAY_IMPORT)
})

test('the table, and so ARCHITECTURE.md, names every package and app there is', () => {
  const manifests = sourceFiles((path) => /^(packages|apps)\/[^/]+\/package\.json$/.test(path))
  const there = manifests.map(({ path }) => path.split('/')[1] ?? '')
  assert.deepEqual(there.toSorted(), [...Object.keys(MAY_IMPORT), 'testkit'].sort())
})

test('a package declares every dependency that it imports', () => {
  const wrong = files.flatMap((file) => {
    const folder = /^((?:packages|apps)\/[^/]+)\//.exec(file.path)?.[1]
    if (folder === undefined || isTest(file.path)) return []
    const { name, dependencies = {} } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as {
      name: string
      dependencies?: object
    }
    return importsOf(file).flatMap(({ target }) => {
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

test('no package is reached by a relative path', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file).flatMap(({ target }) =>
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
    for (const { target } of importsOf(file)) {
      const other = otherPackage(target)
      if (other !== undefined && other !== own) edges.set(own, (edges.get(own) ?? new Set()).add(other))
    }
  }
  assert.deepEqual(circlesOf(new Map([...edges].map(([own, others]) => [own, [...others]]))), [])
})

test('of the two HTTP interfaces of the server neither takes from the other', () => {
  const [ours, theirs] = ['apps/server/src/http/ams/', 'apps/server/src/iceberg-rest/']
  const known = new Set(production.map(({ path }) => path))
  const crossing = production.flatMap((file) => {
    const other = file.path.startsWith(ours) ? theirs : file.path.startsWith(theirs) ? ours : undefined
    if (other === undefined || isTest(file.path)) return []
    const paths = importsOf(file).map(({ target }) => importedPath(file.path, target, (path) => known.has(path)))
    return paths.filter((path) => path?.startsWith(other)).map((path) => `${file.path} imports ${path}`)
  })
  assert.deepEqual(crossing, [])
})

test('files do not import one another in a circle, not even by type', () => {
  const known = new Set(production.map(({ path }) => path))
  const edges = new Map(
    production.map((file) => [
      file.path,
      importsOf(file).flatMap(({ target }) => importedPath(file.path, target, (path) => known.has(path)) ?? []),
    ]),
  )
  assert.deepEqual(circlesOf(edges), [])
})

test('a circle is seen wherever it is entered', () => {
  const edges = { a: ['b'], b: ['c', 'd'], c: ['b'], d: [] }
  assert.deepEqual(circlesOf(new Map(Object.entries(edges))), ['b -> c -> b'])
})

/** At least one circle of each knot. */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name)
    if (start >= 0) circles.push([...path.slice(start), name].join(' -> '))
    if (start >= 0 || done.has(name)) return
    for (const next of edges.get(name) ?? []) visit(next, [...path, name])
    done.add(name)
  }
  for (const name of edges.keys()) visit(name, [])
  return circles
}

function packageOf(path: string): string | undefined {
  return /^(?:packages|apps)\/([^/]+)\//.exec(path)?.[1]
}

function otherPackage(target: string): string | undefined {
  return /^@moraine\/([^/]+)/.exec(target)?.[1]
}

function opens(entry: string, { target, typeOnly }: Import): boolean {
  const [path = '', types] = entry.split(' ')
  return (target === `@moraine/${path}` || target.startsWith(`@moraine/${path}/`)) && (typeOnly || types === undefined)
}
