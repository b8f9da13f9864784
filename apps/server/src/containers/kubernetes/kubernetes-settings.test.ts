import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KUBERNETES_PROPERTIES, readKubernetesSettings, settingsOfGroup } from './kubernetes-settings.ts'

const IMAGE = { image: 'registry.example/moraine:1.0' }
const read = (properties: Readonly<Record<string, string>>) => readKubernetesSettings('k8s', properties)

test('an image is all that has to be said', () => {
  assert.deepEqual(read(IMAGE), {
    kubeConfigPath: undefined,
    namespace: 'default',
    image: IMAGE.image,
    pullPolicy: 'IfNotPresent',
    cpuFactor: 1,
    imagePullSecrets: [],
    podTemplate: { labels: {}, annotations: {}, spec: {}, optimizer: {}, sidecars: [] },
  })
})

test('what is said is read as it was meant', () => {
  const settings = read({
    image: ' moraine@sha256:0123 ',
    pullPolicy: 'always',
    imagePullSecrets: 'one; two.three ;;',
    'cpu.factor': '0.5',
    namespace: 'lake',
    'kube-config-path': '/etc/moraine/kube',
    podTemplate: 'spec: {nodeSelector: {disk: fast}}',
  })
  assert.deepEqual(settings, {
    kubeConfigPath: '/etc/moraine/kube',
    namespace: 'lake',
    image: 'moraine@sha256:0123',
    pullPolicy: 'Always',
    cpuFactor: 0.5,
    imagePullSecrets: ['one', 'two.three'],
    podTemplate: {
      labels: {},
      annotations: {},
      spec: { nodeSelector: { disk: 'fast' } },
      optimizer: {},
      sidecars: [],
    },
  })
})

test('what is wrong is refused by name, with the remedy', () => {
  const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /container k8s: image is missing; name the image of the optimizers/],
    [{ image: ' ' }, /container k8s: image is ' ': it must be the name of an image/],
    [{ ...IMAGE, pullPolicy: 'Sometimes' }, /pullPolicy is 'Sometimes': it must be one of IfNotPresent, Always, Never/],
    [
      { ...IMAGE, imagePullSecrets: 'one,two' },
      /imagePullSecrets is 'one,two': it must be names .* with ; between them/,
    ],
    [{ ...IMAGE, 'cpu.factor': '0' }, /cpu\.factor is '0': it must be a number from 0\.01 to 64/],
    [{ ...IMAGE, 'cpu.factor': '' }, /cpu\.factor is ''/],
    [{ ...IMAGE, 'cpu.factor': 'NaN' }, /cpu\.factor is 'NaN'/],
    [{ ...IMAGE, namespace: '../kube-system' }, /namespace is '..\/kube-system'/],
    [{ ...IMAGE, podTemplate: 'spec: [' }, /container k8s: podTemplate is not valid YAML/],
    [{ ...IMAGE, pullpolicy: 'Always' }, /container k8s: pullpolicy is unknown; is pullPolicy meant\?/],
    [{ ...IMAGE, unlike: 'anything' }, /unlike is unknown; there are image, pullPolicy, .*podTemplate/],
    [{ ...IMAGE, memory: '1024' }, /memory has no effect here: set it in the properties of each group/],
    [{ ...IMAGE, 'extra.jvm.heap.ratio': '0.8' }, /extra\.jvm\.heap\.ratio has no effect here: .* remove it/],
    [{ ...IMAGE, 'export.PATH': '/x' }, /export\.PATH has no effect here: .* podTemplate/],
  ]
  for (const [properties, message] of wrong) assert.throws(() => read(properties), { kind: 'invalid-input', message })
})

test('a group has an image and cores of its own, and what no container knows is not looked at', () => {
  const settings = read({ ...IMAGE, imagePullSecrets: 'one' })
  const properties = { image: 'other:2', 'cpu.factor': '2', imagePullSecrets: '', 'scheduling-policy': 'quota' }
  const own = settingsOfGroup(settings, { group: 'etl', properties })
  assert.deepEqual(own, { ...settings, image: 'other:2', cpuFactor: 2, imagePullSecrets: [] })
  assert.deepEqual(settingsOfGroup(settings, { group: 'etl', properties: {} }), settings)
})

test('where pods run, and as whom, no group says', () => {
  for (const key of ['namespace', 'kube-config-path', 'podTemplate']) {
    const message = `resource group etl: ${key} is set by the container alone; remove it from the group`
    const group = { group: 'etl', properties: { [key]: 'x' } }
    assert.throws(() => settingsOfGroup(read(IMAGE), group), { kind: 'invalid-input', message })
  }
  const wrong = { group: 'etl', properties: { 'cpu.factor': 'many' } }
  assert.throws(() => settingsOfGroup(read(IMAGE), wrong), {
    kind: 'invalid-input',
    message: /resource group etl: cpu\.factor is 'many'/,
  })
})

test('the guide names every property with its default', () => {
  const guide = readFileSync(new URL('../../../../../docs/guides/kubernetes.md', import.meta.url), 'utf8')
  const rows = [...guide.matchAll(/^\| `([\w.-]+)` +\| ([^|]*?) *\| ([^|]*?) *\| ([^|]*?) *\|$/gm)].map((row) =>
    row.slice(1),
  )
  const wanted = Object.values(KUBERNETES_PROPERTIES).map(({ key, defaultText, ofGroups, meaning }) => [
    key,
    defaultText === undefined ? 'must be set' : defaultText === '' ? '' : `\`${defaultText}\``,
    ofGroups ? 'yes' : 'no',
    meaning,
  ])
  assert.deepEqual(rows, wanted)
})
