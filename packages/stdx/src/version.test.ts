import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { VERSION } from './version.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const manifests = globSync(['packages/*/package.json', 'apps/*/package.json'], { cwd: root })

test('the packages carry the version, and need each other in it', () => {
  assert.ok(manifests.length > 10)
  const others = manifests.flatMap((file) => {
    const { version, dependencies = {} } = JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as {
      readonly version: string
      readonly dependencies?: Readonly<Record<string, string>>
    }
    const own = Object.entries(dependencies).filter(([name]) => name.startsWith('@moraine/'))
    return [['version', version], ...own].filter(([, each]) => each !== VERSION).map((each) => [file, ...each])
  })
  assert.deepEqual(others, [])
})
