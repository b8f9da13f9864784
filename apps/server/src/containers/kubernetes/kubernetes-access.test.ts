import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { type AccessPlace, readKubernetesAccess } from './kubernetes-access.ts'

const folder = mkdtempSync(`${tmpdir()}/moraine-kube-access-`)
after(() => rmSync(folder, { recursive: true }))

const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A kubeconfig of one context, whose parts are given. */
function kubeConfig(cluster: object, user: object = {}): string {
  const file = `${folder}/config`
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [
      { name: 'elsewhere', context: { cluster: 'other', user: 'other' } },
      { name: 'here', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://kube.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

const read = (kubeConfigPath: string | undefined, more: Partial<AccessPlace> = {}) =>
  readKubernetesAccess({ kubeConfigPath, environment: {}, ...more })

test('the current context of a kubeconfig counts, and files stand beside it', async () => {
  mkdirSync(`${folder}/pki`)
  writeFileSync(`${folder}/pki/ca.crt`, PEM)
  writeFileSync(`${folder}/token`, 'fresh\n')
  const file = kubeConfig({ 'certificate-authority': 'pki/ca.crt', 'tls-server-name': 'kube' }, { tokenFile: 'token' })
  assert.deepEqual(await read(file), {
    server: new URL('https://kube.example:6443'),
    token: 'fresh',
    tls: { ca: PEM, servername: 'kube' },
  })
  writeFileSync(`${folder}/token`, 'renewed\n')
  assert.equal((await read(file)).token, 'renewed')
})

test('certificates may stand in the kubeconfig itself, and win over files', async () => {
  const user = { 'client-certificate-data': base64(PEM), 'client-key-data': base64(PEM), 'client-key': '/nowhere' }
  const { token, tls } = await read(kubeConfig({ 'certificate-authority-data': base64(PEM) }, user))
  assert.deepEqual([token, tls], [undefined, { ca: PEM, cert: PEM, key: PEM }])
  const blind = await read(kubeConfig({ 'insecure-skip-tls-verify': true }, { token: 't' }))
  assert.deepEqual([blind.token, blind.tls], ['t', { rejectUnauthorized: false }])
})

test('a proxy on this machine needs no encryption', async () => {
  const { server, tls } = await read(kubeConfig({ server: 'http://127.0.0.1:8001/kube' }))
  assert.deepEqual([server.href, tls], ['http://127.0.0.1:8001/kube', {}])
})

test('what is wrong with a kubeconfig is named with the remedy', async () => {
  const wrong: readonly (readonly [object, object, string, RegExp])[] = [
    [{ server: 'http://kube.example' }, {}, 'invalid-input', /is not encrypted; use https/],
    [{ server: 'kube.example' }, {}, 'invalid-input', /'kube.example' is no address of an API server/],
    [{ 'proxy-url': 'http://proxy' }, {}, 'unsupported', /cluster c: proxy-url leads through a proxy/],
    [{ 'certificate-authority-data': 'AAAA' }, {}, 'invalid-input', /certificate-authority-data is no PEM/],
    [{ 'certificate-authority': 'nowhere.crt' }, {}, 'not-found', /reading certificate-authority, .*nowhere\.crt/],
    [
      {},
      { exec: { command: 'aws' } },
      'unsupported',
      /user u: exec runs a program for each login.*kubectl create token/,
    ],
    [{}, { 'auth-provider': { name: 'oidc' } }, 'unsupported', /user u: auth-provider/],
    [{}, { username: 'admin', password: 'x' }, 'unsupported', /user u: username/],
    [{}, { as: 'admin', token: 'x' }, 'unsupported', /user u: as acts for somebody else/],
    [{}, { 'client-certificate-data': base64(PEM) }, 'invalid-input', /user u has client-certificate alone; both/],
    [{}, { tokenFile: 'no-token' }, 'not-found', /reading the token, .*no-token/],
  ]
  for (const [cluster, user, kind, message] of wrong) {
    await assert.rejects(read(kubeConfig(cluster, user)), { kind, message })
  }
})

test('a file that is no kubeconfig, or has a hole, is told', async () => {
  const texts: readonly (readonly [string, RegExp])[] = [
    ['[', /is not valid YAML/],
    ['hello', /is no configuration of kubectl/],
    ['{clusters: []}', /has no current-context; kubectl config use-context/],
    ['{current-context: a}', /names context 'a', which is not among its contexts/],
    ['{current-context: a, contexts: [{name: a, context: {cluster: b}}]}', /names cluster 'b', which is not among/],
  ]
  for (const [text, message] of texts) {
    const file = `${folder}/broken`
    writeFileSync(file, text)
    await assert.rejects(read(file), { kind: 'invalid-input', message })
  }
  await assert.rejects(read(`${folder}/absent`), { kind: 'not-found', message: /reading the kubeconfig, .*absent/ })
})

test('in a pod its service account counts, read anew each time', async () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const accountFolder = `${folder}/account`
  mkdirSync(accountFolder)
  writeFileSync(`${accountFolder}/token`, 'one')
  writeFileSync(`${accountFolder}/ca.crt`, PEM)
  const first = await read(undefined, { environment, accountFolder })
  assert.deepEqual(first, { server: new URL('https://[fd00::1]'), token: 'one', tls: { ca: PEM } })
  writeFileSync(`${accountFolder}/token`, 'two\n')
  assert.equal((await read(undefined, { environment, accountFolder })).token, 'two')
  await assert.rejects(read(undefined), {
    kind: 'invalid-input',
    message: /runs in no pod .* name a kubeconfig in kube-config-path/,
  })
})
