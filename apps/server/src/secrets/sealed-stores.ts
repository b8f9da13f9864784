import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { sealedUploads } from './sealed-uploads.ts'
import type { SecretPlace, SecretVault } from './secret-vault.ts'

/**
 * The same stores, which keep uploaded files sealed, and inputs of tasks: those that older versions planned have credentials of
 * storage in them.
 */
export function sealedStores(stores: Stores, vault: SecretVault): Stores {
  return {
    ...stores,
    files: sealedUploads(stores.files, vault),
    state: { apply: (changes) => stores.state.apply(changes.map((change) => sealed(change, vault))) },
    tasks: {
      ...stores.tasks,
      async findInput(processId, taskId) {
        const input = await stores.tasks.findInput(processId, taskId)
        // Before there was a key, inputs were stored as the JSON they are.
        if (input === undefined || input.startsWith('{')) return input
        return vault.open(inputPlace(processId, taskId), input)
      },
    },
  }
}

function sealed(change: StateChange, vault: SecretVault): StateChange {
  if (change.kind !== 'add-process') return change
  const tasks = change.tasks.map(({ task, input }) => ({
    task,
    input: vault.seal(inputPlace(task.processId, task.taskId), input),
  }))
  return { ...change, tasks }
}

function inputPlace(processId: ProcessId, taskId: TaskId): SecretPlace {
  return { owner: `process ${processId}`, name: `input of task ${taskId}`, remedy: 'cancel the process' }
}
