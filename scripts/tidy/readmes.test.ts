import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceFiles } from './source-files.ts'

/** What only tests use needs no line. */
const UNNAMED = /^(testing|simulation)$/

test('the README of a package names every folder of its sources', () => {
  const readmes = sourceFiles((path) => /^(packages|apps)\/[^/]+\/README\.md$/.test(path))
  assert.ok(readmes.length > 10)
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
