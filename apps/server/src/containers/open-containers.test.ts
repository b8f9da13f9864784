import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { BUILT_IN_CONTAINERS, type ContainerConfig } from '../config/container-config.ts'
import { checkContainers, openContainers } from './open-containers.ts'

const deps = {
  localCommand: () => ['moraine'] as const,
  serviceId: 'service',
  onChanged() {},
  environment: {},
  clock: systemClock,
}

test('those that launch optimizers are opened, under their names', async () => {
  const other: ContainerConfig = { name: 'other', kind: 'local', properties: { 'export.TZ': 'UTC' } }
  const opened = await openContainers([other, ...BUILT_IN_CONTAINERS], deps)
  assert.deepEqual([...opened.keys()], ['other', 'local'])
  assert.deepEqual(
    [...opened.values()].map(({ name }) => name),
    ['other', 'local'],
  )
  for (const container of opened.values()) await container.close()
})

test('properties that are unknown are refused at the start, on a server that does not lead, too', async () => {
  const check = (config: ContainerConfig) => checkContainers([config], deps)
  const url = { 'ams-optimizing-uri': 'thrift://moraine:1261' }
  await check({ name: 'local', kind: 'local', properties: { ...url, 'export.TZ': 'UTC' } })
  await assert.rejects(check({ name: 'local', kind: 'local', properties: { memory: '1024' } }), {
    kind: 'invalid-input',
    message:
      'container local: property memory is unknown; a local container has export.VARIABLE and ams-optimizing-uri',
  })
  await assert.rejects(check({ name: 'external', kind: 'external', properties: { 'export.TZ': 'UTC' } }), /export.TZ/)
  await assert.rejects(check({ name: 'farm', kind: 'kubernetes', properties: {} }), /container farm.*image/)
})
