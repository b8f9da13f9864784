import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { root, sourceFiles } from './source-files.ts'

/** Dependencies with an ADR of their own. */
const DECIDED_ELSEWHERE = /^(@moraine\/|@duckdb\/|opendal$|node-(bin-)?(darwin|linux|win)-)/

test('ADR 9 lists every dependency, and nothing that is none', () => {
  const manifests = sourceFiles((path) => /(^|\/)package\.json$/.test(path)).map(
    ({ text }) => JSON.parse(text) as Record<string, Record<string, string> | undefined>,
  )
  const used = new Set(
    manifests
      .flatMap((manifest) => ['dependencies', 'devDependencies', 'optionalDependencies'].map((kind) => manifest[kind]))
      .flatMap((dependencies) => Object.keys(dependencies ?? {}))
      .filter((name) => !DECIDED_ELSEWHERE.test(name)),
  )
  const table = readFileSync(`${root}docs/adr/0009-dependencies.md`, 'utf8')
  const listed = [...table.matchAll(/^\| ([^|]+?) +\| /gm)].slice(1).flatMap((match) => (match[1] ?? '').split(', '))
  assert.deepEqual(listed.filter((name) => !/^-+$/.test(name)).sort(), [...used].sort())
})
