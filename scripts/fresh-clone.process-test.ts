import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { VERSION } from '@moraine/stdx/version'

// What somebody does who has cloned the repository: `bin/moraine` installs what it needs, once, and runs.

const root = join(import.meta.dirname, '..')
const clone = mkdtempSync(join(tmpdir(), 'moraine-clone-'))
after(() => rmSync(clone, { recursive: true, force: true }))

/** One without data: a table names its files by where it was written, which is nowhere here. */
const TABLE = 'empty/table'

const UNREACHABLE = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|FETCH_ERROR/
/** The cache where it has what is wanted, and one attempt at the registry where it has not. */
const npm = { npm_config_prefer_offline: 'true', npm_config_fetch_retries: '0' }

test('a checkout without dependencies installs them and runs; one with them runs at once', (context: TestContext) => {
  copyTrackedFiles(clone)
  const first = moraine(join(clone, 'bin/moraine'), ['--version'], { cwd: tmpdir() })
  const reason = UNREACHABLE.exec(first.stderr)?.[0]
  if (first.status !== 0 && reason !== undefined) {
    return context.skip(`the registry cannot be reached and npm's cache lacks a package (${reason})`)
  }
  assert.equal(first.status, 0, first.stderr)
  assert.equal(first.stdout, `${VERSION}\n`)
  assert.ok(existsSync(join(clone, 'node_modules/.package-lock.json')))
  const unchanged = ['package.json', 'package-lock.json'].filter((file) =>
    sameText(join(clone, file), join(root, file)),
  )
  assert.deepEqual(unchanged, ['package.json', 'package-lock.json'], 'an install changes no tracked file')

  // Without npm there can be no second install.
  const tables = join(clone, 'packages/testkit/fixtures/tables')
  const again = moraine(join(clone, 'bin/moraine'), ['doctor', TABLE], { cwd: tables, path: withoutNpm() })
  assert.equal(again.status, 0, again.stderr)
  assert.match(again.stdout, /health \d+ of 100/)
})

test('the command runs through a link, in the directory of whoever calls it', () => {
  const link = join(clone, 'linked')
  symlinkSync(join(root, 'bin/moraine'), link)
  const tables = join(root, 'packages/testkit/fixtures/tables')
  const { status, stdout, stderr } = moraine(link, ['doctor', TABLE], { cwd: tables })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /health \d+ of 100/)
})

type Call = { readonly cwd: string; readonly path?: string }

function moraine(command: string, args: readonly string[], { cwd, path = process.env['PATH'] ?? '' }: Call) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...npm, PATH: path } })
}

function copyTrackedFiles(target: string): void {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  for (const file of listed.split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(target, file)), { recursive: true })
    cpSync(join(root, file), join(target, file))
  }
}

/** A search path with Node and what a shell needs, as links in a folder of their own. */
function withoutNpm(): string {
  const folder = join(clone, 'commands')
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of ['dirname', 'readlink']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(folder, name))
  }
  return folder
}

function sameText(one: string, other: string): boolean {
  return readFileSync(one, 'utf8') === readFileSync(other, 'utf8')
}
