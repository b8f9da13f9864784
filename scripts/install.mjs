// Installs the workspace's dependencies when they are missing or older than package.json or the lock file.
// Runs on any Node from 18 up, with npm 10, 11 or 12: `npm install`, because a lock file made on one platform lacks
// the binaries of others and `npm ci` then refuses; `--no-save`, because npm 10 otherwise rewrites the lock file.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)

/** Modification time in ms of a file below the root, 0 where it is absent. */
export function modifiedAt(file) {
  return statSync(new URL(file, root), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

export function ensureInstalled() {
  const wanted = Math.max(modifiedAt('package.json'), modifiedAt('package-lock.json'))
  if (modifiedAt('node_modules/.package-lock.json') >= wanted) return
  const install = 'npm install --no-save --no-audit --no-fund --loglevel=error'
  const { status } = spawnSync(install, { cwd: fileURLToPath(root), stdio: ['ignore', 2, 2], shell: true })
  if (status !== 0) process.exit(status ?? 1)
}
