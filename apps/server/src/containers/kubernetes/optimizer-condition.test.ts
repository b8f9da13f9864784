import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiObject } from './api-object.ts'
import { launchedOptimizers } from './optimizer-condition.ts'

const labels = { AmoroResourceId: 'r-1' }
const deployment = (status: ApiObject = {}, metadata: ApiObject = {}): ApiObject => ({
  metadata: { labels, ...metadata },
  status,
})
const pod = (status: ApiObject, metadata: ApiObject = {}): ApiObject => ({
  metadata: { labels, ...metadata },
  status,
})
const waiting = (reason: string, message?: string, more: ApiObject = {}): ApiObject => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'optimizer', state: { waiting: { reason, message } }, ...more }],
})
const READY = { type: 'Ready', status: 'True' }
const CRASHED = { lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }

test('what has become of an optimizer is told by its Deployment and its pods', () => {
  const cases: readonly (readonly [string, ApiObject, readonly ApiObject[], string, string | undefined])[] = [
    ['nothing yet', deployment(), [], 'starting', undefined],
    ['its image is fetched', deployment(), [pod(waiting('ContainerCreating'))], 'starting', undefined],
    ['it runs', deployment(), [pod({ conditions: [READY] })], 'running', undefined],
    [
      'it runs after it was killed',
      deployment(),
      [pod({ conditions: [READY], containerStatuses: [{ name: 'optimizer', restartCount: 2, ...CRASHED }] })],
      'running',
      'started again, times: 2; it ended before with OOMKilled, exit code 137',
    ],
    [
      'no such image',
      deployment(),
      [pod(waiting('ImagePullBackOff', 'Back-off pulling image "x"'))],
      'failing',
      'ImagePullBackOff: Back-off pulling image "x"',
    ],
    [
      'it comes down again and again',
      deployment(),
      [pod(waiting('CrashLoopBackOff', 'back-off 5m0s', { restartCount: 7, ...CRASHED }))],
      'failing',
      'CrashLoopBackOff: back-off 5m0s; it ended before with OOMKilled, exit code 137',
    ],
    [
      'its secret is not there',
      deployment(),
      [pod(waiting('CreateContainerConfigError', 'secret "x" not found'))],
      'failing',
      'CreateContainerConfigError: secret "x" not found',
    ],
    [
      'a container beside it fails',
      deployment(),
      [pod({ initContainerStatuses: [{ name: 'fetch', state: { waiting: { reason: 'ErrImagePull' } } }] })],
      'failing',
      'container fetch: ErrImagePull',
    ],
    [
      'no node has room',
      deployment(),
      [pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] })],
      'failing',
      'Unschedulable: 0/3 nodes',
    ],
    [
      'a quota forbids the pod',
      deployment({
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
      }),
      [],
      'failing',
      'FailedCreate: exceeded quota',
    ],
    [
      'the rollout took too long',
      deployment({ conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }),
      [],
      'failing',
      'ProgressDeadlineExceeded',
    ],
    ['evicted', deployment(), [pod({ phase: 'Failed', reason: 'Evicted' })], 'failing', 'Evicted'],
    [
      'evicted, and another has come',
      deployment(),
      [pod({ phase: 'Failed', reason: 'Evicted' }), pod({ conditions: [READY] })],
      'running',
      undefined,
    ],
    [
      'its pod ends, another comes',
      deployment(),
      [pod({ conditions: [READY] }, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
      'starting',
      undefined,
    ],
    [
      'released',
      deployment({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      [pod(waiting('CrashLoopBackOff'))],
      'running',
      'released; its pod ends',
    ],
  ]
  for (const [what, one, pods, condition, detail] of cases) {
    assert.deepEqual(launchedOptimizers([one], pods), [{ resourceId: 'r-1', condition, detail }], what)
  }
})

test('pods of others, and objects without the label or in no known shape, change nothing', () => {
  const others = [
    {},
    { metadata: 'x' },
    { metadata: { labels: { AmoroResourceId: 'r-2' } }, status: { phase: 'Failed' } },
  ]
  assert.deepEqual(launchedOptimizers([deployment({ conditions: 'none' }), ...others.slice(0, 2)], others), [
    { resourceId: 'r-1', condition: 'starting', detail: undefined },
  ])
})

test('a long message is cut', () => {
  const [launched] = launchedOptimizers([deployment()], [pod(waiting('ErrImagePull', 'x'.repeat(10_000)))])
  assert.equal(launched?.detail?.length, 500)
})
