import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { parseZooKeeperAddress } from './zookeeper-address.ts'

test('servers are named with their ports', () => {
  assert.deepEqual(parseZooKeeperAddress('zk1:2182, zk-2.example.com,10.0.0.3:2181,'), [
    'zk1:2182',
    'zk-2.example.com:2181',
    '10.0.0.3:2181',
  ])
})

for (const [address, why] of [
  ['', /names no server/],
  [' , ', /names no server/],
  ['zk1:2181/lake', /path or a scheme/],
  ['zookeeper://zk1:2181', /path or a scheme/],
  ['zk1:port', /"zk1:port" is not a host/],
  ['zk1:70000', /"zk1:70000" is not a host/],
  ['zk1:0', /"zk1:0" is not a host/],
  ['zk1:2181,[::1]:2181', /"\[::1\]:2181" is not a host/],
  ['zk1;zk2', /"zk1;zk2" is not a host/],
] as const) {
  test(`"${address}" is refused by the name of its setting`, () => {
    assert.throws(
      () => parseZooKeeperAddress(address),
      (error) =>
        isKind(error, 'invalid-input') && why.test(error.message) && /ha\.zookeeper-address/.test(error.message),
    )
  })
}
