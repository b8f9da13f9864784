import assert from 'node:assert/strict'
import { type MoraineService, moraine } from './moraine.ts'

/** Registers a catalog of somebody else's with the service as users do. Fails unless each step of its test passes. */
export async function registerExternal(
  service: MoraineService,
  name: string,
  type: 'rest' | 'hive' | 'glue' | 'jdbc',
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const given = Object.entries(properties).map(([key, value]) => `${key}=${value}`)
  const args = ['catalog', 'register', name, '--type', type, '--property', ...given, '--server', service.url]
  const { code, stdout, stderr } = await moraine(args)
  assert.equal(code, 0, `${stdout}${stderr}`)
  for (const step of ['be reached', 'list', 'read', 'commit']) {
    assert.match(stdout, new RegExp(`^ can ${step} +passed`, 'm'), 'a table is there to be read and committed to')
  }
}
