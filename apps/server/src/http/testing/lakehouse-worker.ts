import { assert } from '@moraine/stdx/assert'
import type { Optimizing } from '../../compose-optimizing.ts'
import type { TaskEnd, TaskReport } from '../../optimizing/optimizing-service.ts'

/** An optimizer that does as it is told; its heart beats while time passes, until it dies. */
export type Worker = {
  /** Polls, and confirms what it gets. Waits for as long as there is nothing. */
  take(threadId?: number): Promise<TaskReport>
  /** Polls without waiting for an answer. */
  wait(threadId: number): void
  end(task: TaskReport, end: TaskEnd): Promise<void>
  drain(): Promise<void>
  /** Nothing is heard of it any more. */
  die(): void
}

export function workers({ service }: Pick<Optimizing, 'service'>) {
  const living = new Set<string>()
  const leaving = new AbortController()
  return {
    async register({ group = 'default', threads = 1 } = {}): Promise<Worker> {
      const unsaid = { resourceId: undefined, secret: undefined, heartbeatIntervalMs: undefined }
      const registration = { group, threads, memoryMb: 512, properties: {}, payloadVersions: ['1'] }
      const answer = await service.register({ ...registration, ...unsaid })
      assert(answer.kind === 'registered', `an optimizer of group ${group}`)
      const { token } = answer
      living.add(token)
      return {
        async take(threadId = 0) {
          const polled = await service.poll(token, threadId, leaving.signal)
          assert(polled.kind === 'task', `a task for thread ${threadId}`)
          const { processId, taskId, assignment } = polled.task
          const report = { processId, taskId, threadId, attempt: assignment.attempt }
          assert((await service.ack(token, report)).kind === 'accepted', 'its confirmation')
          return report
        },
        wait: (threadId) => void service.poll(token, threadId, leaving.signal),
        async end(task, end) {
          assert((await service.complete(token, { ...task, end })).kind === 'accepted', 'its report')
        },
        drain: async () => void (await service.drain(token)),
        die: () => void living.delete(token),
      }
    },
    /** Nobody polls any more. */
    leave: () => leaving.abort(),
    async beat() {
      for (const token of living) await service.touch(token)
    },
  }
}
