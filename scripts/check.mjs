// The static half of `npm test`: format and lint (Biome), type-aware lint (oxlint), types (tsc). All three report
// before it fails, so that one run shows everything. Tidy rules are ordinary tests: scripts/tidy/*.test.ts.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
ensureInstalled()

const checks = [
  ['biome', ['check', '--error-on-warnings', '.']],
  ['oxlint', ['--type-aware', '--deny-warnings']],
  ['tsc', ['-p', 'tsconfig.json']],
  ['tsc', ['-p', 'apps/web/tsconfig.json']],
]
let failed = 0
for (const [tool, args] of checks) {
  const { status } = spawnSync(`${root}node_modules/.bin/${tool}`, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    process.stderr.write(`${tool} failed\n`)
    failed += 1
  }
}
process.exit(failed === 0 ? 0 : 1)
