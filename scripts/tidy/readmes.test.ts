import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceFiles } from './source-files.ts'

/** What only tests use needs no line. */
const UNNAMED = /^(testing|simulation)$/

const readmes = sourceFiles((path) => /^(packages|apps)\/[^/]+\/README\.md$/.test(path))

test('every package and app has a README', () => {
  const manifests = sourceFiles((path) => /^(packages|apps)\/[^/]+\/package\.json$/.test(path))
  const described = new Set(readmes.map(({ path }) => path))
  const missing = manifests.map(({ path }) => path.replace('package.json', 'README.md'))
  assert.deepEqual(
    missing.filter((path) => !described.has(path)),
    [],
  )
})

test('the README of a package names every folder of its sources', () => {
  const unnamed = readmes.flatMap(({ path, text }) => {
    const sources = path.replace('README.md', 'src/')
    const folders = sourceFiles((each) => each.startsWith(sources) && each.slice(sources.length).includes('/')).map(
      (each) => each.path.slice(sources.length).split('/')[0] ?? '',
    )
    const named = new Set([...text.matchAll(/`([^`\s]+?)\/?`/g)].map((match) => match[1]))
    return [...new Set(folders)]
      .filter((folder) => !UNNAMED.test(folder) && !named.has(folder))
      .map((folder) => `${path}: ${folder}`)
  })
  assert.deepEqual(unnamed, [])
})
