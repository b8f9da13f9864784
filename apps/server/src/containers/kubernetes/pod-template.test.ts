import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePodTemplate } from './pod-template.ts'

const parse = (text: string) => parsePodTemplate(text, 'podTemplate')

test('a PodTemplate as Amoro takes it is taken apart', () => {
  const template = parse(`
apiVersion: v1
kind: PodTemplate
template:
  metadata:
    labels: {team: lake}
    annotations: {note: "1"}
  spec:
    serviceAccountName: optimizer
    containers:
      - name: optimizer
        env: [{name: AWS_REGION, value: eu-west-1}]
      - {name: logs, image: "logs:1"}
`)
  assert.deepEqual(template, {
    labels: { team: 'lake' },
    annotations: { note: '1' },
    spec: { serviceAccountName: 'optimizer' },
    optimizer: { name: 'optimizer', env: [{ name: 'AWS_REGION', value: 'eu-west-1' }] },
    sidecars: [{ name: 'logs', image: 'logs:1' }],
  })
})

test('a Pod, a part of one, and nothing are templates', () => {
  const nothing = { labels: {}, annotations: {}, spec: {}, optimizer: {}, sidecars: [] }
  assert.deepEqual(parse('{kind: Pod, metadata: {name: x}, spec: {hostNetwork: true}}').spec, { hostNetwork: true })
  assert.deepEqual(parse('metadata: {labels: {a: b}}').labels, { a: 'b' })
  for (const text of ['', '  \n', '# only a comment']) assert.deepEqual(parse(text), nothing)
})

test('what a template must not say is refused by name', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['just text', /^podTemplate is no mapping$/],
    ['[1]', /is no mapping/],
    ['{spec: {}, template: {spec: {}}}', /both template and spec/],
    ['{kind: Deployment, spec: {}, status: {}}', /has status; it may have apiVersion, kind, metadata, template, spec/],
    ['spec: {containers: {optimizer: {}}}', /spec\.containers is no list of containers with names/],
    ['spec: {containers: [{image: x}]}', /spec\.containers is no list of containers with names/],
    ['spec: {containers: [{name: optimizer}, {name: optimizer}]}', /has several containers optimizer/],
    [
      'spec: {containers: [{name: optimizer, image: x}]}',
      /sets image of the container optimizer; set the property image/,
    ],
    ['spec: {containers: [{name: optimizer, command: [sh]}]}', /sets command of the container optimizer/],
    ['spec: {containers: [{name: optimizer, args: [x]}]}', /sets args of the container optimizer/],
    ['spec: {containers: [{name: optimizer, env: {A: b}}]}', /env of optimizer is no list/],
    [
      'spec: {containers: [{name: optimizer, env: [{name: MORAINE_RESOURCE_ID, value: x}]}]}',
      /variable MORAINE_RESOURCE_ID/,
    ],
    ['spec: {restartPolicy: Never}', /restartPolicy Always/],
    ['metadata: {labels: {AmoroResourceId: x}}', /sets the label AmoroResourceId, which is the service's; remove it/],
    ['metadata: {labels: {a: 1}}', /metadata\.labels a is no text; write it in quotes/],
    ['metadata: {namespace: other}', /podTemplate: metadata has namespace/],
    ['a: &a [*a', /is not valid YAML/],
  ]
  for (const [text, message] of wrong) assert.throws(() => parse(text), { kind: 'invalid-input', message }, text)
})
