import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Fate, httpProxy } from '../testing/http-proxy.ts'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// A service that asks who sends requests: who may do what there is said from the command line alone.

const root = mkdtempSync(join(tmpdir(), 'moraine-principals-'))
const PASSWORD = 'correct horse'
const admin = { MORAINE_CREDENTIAL: `admin:${PASSWORD}` }
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', root], {
  MORAINE_HTTP__SERVER_AUTHENTICATION: 'required',
  MORAINE_ADMIN__PASSWORD: PASSWORD,
  MORAINE_LOG_LEVEL: 'trace',
})
const logged: string[] = []
service.child.stderr?.on('data', (chunk: Buffer) => logged.push(chunk.toString()))
const server = await serviceUrl(service)
after(async () => {
  await service.stop()
  rmSync(root, { recursive: true, force: true })
})

const moraine = (args: readonly string[], env: Readonly<Record<string, string>> = admin) =>
  runCli(args, { env: { MORAINE_SERVER: server, ...env } })

async function printed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await moraine(args)
  assert.equal(code, 0, err)
  return out
}

type Issued = { readonly id: string; readonly secret: string; readonly token: string }

test('somebody is made known, signs in, is given and refused roles, and is forgotten', {
  timeout: 120_000,
}, async () => {
  await printed('namespace', 'create', 'sales', '--catalog', 'lake')
  assert.equal(
    await printed('principal', 'create', 'etl', '--role', 'viewer', '--catalog', 'lake', '--namespace', 'sales'),
    'principal etl is viewer in lake.sales and below; `moraine principal credential create etl` lets it sign in\n',
  )
  const issue = ['principal', 'credential', 'create', 'etl', '--note', 'nightly', '--expires', '2200-01-31', '--json']
  const { id, secret, token } = JSON.parse(await printed(...issue)) as Issued
  const etl = { MORAINE_CREDENTIAL: `${id}:${secret}` }
  const create = ['namespace', 'create', 'sales.eu', '--catalog', 'lake']
  assert.equal((await moraine(create, etl)).code, 4)
  assert.equal((await moraine(['table', 'exists', 'other.t', '--catalog', 'lake'], etl)).code, 4)

  const place = ['--catalog', 'lake', '--namespace', 'sales']
  const granted = await printed('principal', 'grant', 'etl', '--role', 'editor', ...place)
  assert.equal(granted, 'principal etl is viewer in lake.sales and below, editor in lake.sales and below\n')
  assert.equal((await moraine(create, etl)).code, 0)
  await printed('principal', 'revoke', 'etl', '--role', 'editor', ...place)
  assert.equal((await moraine(['namespace', 'drop', 'sales.eu', '--catalog', 'lake'], etl)).code, 4)

  const listed = await printed('principal', 'list')
  assert.match(listed, /etl +viewer in lake\.sales and below +\S+ \(nightly\), until 2200-01-31T00:00:00\.000Z/)
  assert.ok(!listed.includes(secret) && !listed.includes(token))
  const list = ['namespace', 'list', '--catalog', 'lake']
  assert.equal((await moraine(list, { MORAINE_TOKEN: token })).out, 'sales\n')
  await printed('principal', 'credential', 'revoke', 'etl', id)
  assert.equal((await moraine(list, { MORAINE_TOKEN: token })).code, 4)
  assert.match(await printed('principal', 'drop', 'etl'), /principal etl is dropped/)
  assert.doesNotMatch(await printed('principal', 'list'), /etl/)
  const log = logged.join('')
  assert.ok(!log.includes(secret) && !log.includes(token) && !log.includes(PASSWORD))
})

test('of two roles that are given at once none is lost, nor one that is taken meanwhile', {
  timeout: 120_000,
}, async () => {
  await printed('principal', 'create', 'both', '--role', 'viewer')
  const proxy = await httpProxy(new URL(server))
  try {
    for (const [first, second, left] of [
      [
        ['grant', 'editor'],
        ['grant', 'operator'],
        ['editor', 'operator', 'viewer'],
      ],
      [['revoke', 'viewer'], ['revoke', 'editor'], ['operator']],
      [['grant', 'viewer'], ['revoke', 'operator'], ['viewer']],
    ] as const) {
      // Both have looked before either changes anything.
      const met = Promise.withResolvers<void>()
      let changes = 0
      proxy.fate = async (method): Promise<Fate> => {
        if (method !== 'PUT') return 'forward'
        changes += 1
        if (changes === 2) met.resolve()
        await met.promise
        return 'forward'
      }
      const env = { ...admin, MORAINE_SERVER: `http://127.0.0.1:${proxy.port}` }
      const ends = await Promise.all(
        [first, second].map(([verb, role]) => moraine(['principal', verb, 'both', '--role', role], env)),
      )
      assert.deepEqual(
        ends.map(({ code, err }) => [code, err]),
        [
          [0, ''],
          [0, ''],
        ],
      )
      assert.equal(changes, 3)
      type Listed = readonly { readonly name: string; readonly grants: readonly { readonly role: string }[] }[]
      const listed = JSON.parse(await printed('principal', 'list', '--json')) as Listed
      const roles = listed.find(({ name }) => name === 'both')?.grants.map(({ role }) => role)
      assert.deepEqual(roles?.toSorted(), left)
    }
  } finally {
    await proxy.close()
  }
})

test('a credential is printed once, as the variables that sign in', { timeout: 60_000 }, async () => {
  await printed('principal', 'create', 'ops', '--role', 'operator')
  const { code, out, err } = await moraine(['principal', 'credential', 'create', 'ops'])
  assert.equal(code, 0)
  const variables = Object.fromEntries(
    out
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  assert.deepEqual(Object.keys(variables), ['MORAINE_CREDENTIAL', 'MORAINE_TOKEN'])
  assert.match(err, /shown this once/)
  for (const [name, value] of Object.entries(variables)) {
    assert.ok(!err.includes(value))
    assert.equal((await moraine(['group', 'list'], { [name]: value })).code, 0)
  }
})

const WRONG: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
  [['grant', 'admin', '--role', 'root'], 2, /Allowed choices are viewer, editor, operator, admin/],
  [['grant', 'admin'], 2, /required option '--role <role>'/],
  [['grant', 'admin', '--role', 'viewer', '--namespace', 'a'], 2, /--namespace a: say of which catalog with --catalog/],
  [['create', 'x', '--catalog', 'lake'], 2, /say which with --role/],
  [['create', 'ops'], 1, /there is a principal ops already; `moraine principal grant ops`/],
  [['grant', 'nobody', '--role', 'viewer'], 1, /there is no principal nobody; `moraine principal create nobody`/],
  [['revoke', 'ops', '--role', 'viewer'], 1, /principal ops is not viewer everywhere; it has operator everywhere/],
  [
    ['grant', 'ops', '--role', 'viewer', '--catalog', 'lak'],
    2,
    /--catalog lak: there is no such catalog; `moraine catalog/,
  ],
  [['create', 'eve', '--role', 'viewer', '--catalog', 'lak'], 2, /--catalog lak: there is no such catalog/],
  [['drop', 'nobody'], 1, /there is no principal nobody/],
  [['credential', 'create', 'nobody'], 1, /there is no principal nobody/],
  [['credential', 'create', 'ops', '--expires', '2001-01-01'], 2, /has passed/],
  [['credential', 'create', 'admin', '--expires', 'soon'], 2, /--expires soon: write a day/],
  [['credential', 'revoke', 'ops', 'nope'], 1, /ops has no credential nope/],
]

for (const [args, code, says] of WRONG) {
  test(`refused: moraine principal ${args.join(' ')}`, async () => {
    const end = await moraine(['principal', ...args])
    assert.match(end.err, says)
    assert.deepEqual([end.code, end.out], [code, ''])
    assert.doesNotMatch(end.err, /^ {4}at |PUT|POST/m)
  })
}

test('who is not signed in is told how that is done', async () => {
  const { code, err } = await moraine(['principal', 'list'], {})
  assert.equal(code, 4)
  assert.match(err, /sign in with --token or MORAINE_TOKEN/)
})
