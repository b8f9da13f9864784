import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILT_IN_CONTAINERS, parseContainers } from './container-config.ts'

const one = (parts: object) => [{ name: 'farm', 'container-impl': 'kubernetes', ...parts }]
const refusal = (value: unknown) => {
  try {
    parseContainers(value, 'config.yaml')
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail('it was accepted')
}

test('local and external are there, configured or not', () => {
  assert.deepEqual(parseContainers(undefined, 'config.yaml'), BUILT_IN_CONTAINERS)
  const properties = { namespace: 'lake', 'cpu.factor': 0.5, spot: true }
  const names = parseContainers([...one({ properties }), { name: 'local', 'container-impl': 'local' }], 'config.yaml')
  assert.deepEqual(names, [
    { name: 'farm', kind: 'kubernetes', properties: { namespace: 'lake', 'cpu.factor': '0.5', spot: 'true' } },
    { name: 'local', kind: 'local', properties: {} },
    { name: 'external', kind: 'external', properties: {} },
  ])
})

test("Amoro's classes are understood, and those that are not there yet are named with what to use", () => {
  const kind = (impl: string) => parseContainers(one({ 'container-impl': impl }), 'config.yaml')[0]?.kind
  assert.equal(kind('org.apache.amoro.server.manager.LocalOptimizerContainer'), 'local')
  assert.equal(kind('org.apache.amoro.server.manager.KubernetesOptimizerContainer'), 'kubernetes')
  const flink = 'org.apache.amoro.server.manager.FlinkOptimizerContainer'
  assert.match(refusal(one({ 'container-impl': flink })), /Flink and Spark are not there yet; use kubernetes or local/)
})

test('what cannot be is refused with its place and the remedy', () => {
  assert.match(refusal({ farm: {} }), /containers must be a list/)
  assert.match(refusal(['farm']), /containers\[0\]: it must be a tree/)
  assert.match(refusal(one({ name: 'a b' })), /its name must match/)
  assert.match(refusal(one({ propertys: {} })), /there is no propertys; is properties meant\?/)
  assert.match(refusal(one({ 'container-impl': 'docker' })), /'docker' is unknown: it must be one of local, external/)
  assert.match(refusal(one({ properties: { podTemplate: { spec: {} } } })), /podTemplate must be a single value/)
  assert.match(refusal([...one({}), ...one({})]), /two containers farm/)
  assert.match(refusal(one({ name: 'local' })), /local is built in and of kind local/)
})
