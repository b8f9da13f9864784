// What a DuckDB child does once it is loaded: it obeys one command at a time, says every half second that it is alive, and
// dies with its parent. Run by child-main.ts.
import { rmSync } from 'node:fs'
import { systemClock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { ChildCommand, ChildLoad, ChildMessage, ChildReply, ParentMessage } from './child-protocol.ts'
import { TaskDatabase } from './task-database.ts'

const HEARTBEAT_MS = 500
const INTERRUPT_AGAIN_MS = 50

let database: TaskDatabase | undefined
let directory: string | undefined
let running: Promise<void> | undefined

process.on('message', (message: ParentMessage) => {
  if (message.type === 'interrupt') void interrupt()
  else running = obey(message.id, message.command)
})
process.on('disconnect', dieWithParent)
// It may have gone while this was loaded.
if (!process.connected) dieWithParent()
void beat()
send({ type: 'ready' })

async function obey(id: number, command: ChildCommand): Promise<void> {
  try {
    const value = await execute(command)
    send({ type: 'done', id, value })
  } catch (error) {
    send({ type: 'failed', id, message: describeError(error) })
  } finally {
    running = undefined
  }
}

async function execute(command: ChildCommand): Promise<ChildReply[ChildCommand['kind']]> {
  if (command.kind === 'open') {
    database = await TaskDatabase.open(command.taskDirectory, command.memoryLimitBytes)
    directory = command.taskDirectory
    return load()
  }
  if (database === undefined) throw new Error(`${command.kind} before open`)
  switch (command.kind) {
    case 'run':
      await database.run(command.sql)
      return undefined
    case 'query':
      return await database.query(command.sql)
    case 'append-keys':
      await database.appendKeys(command.table, command.keys)
      return undefined
    case 'read-keys':
      return await database.readKeys(command.sql)
    case 'close':
      database.close()
      database = undefined
      directory = undefined
      return load()
  }
}

// A statement passes through several native calls, and an interruption between two of them is forgotten.
async function interrupt(): Promise<void> {
  const target = running
  while (target !== undefined && running === target) {
    database?.interrupt()
    await systemClock.sleep(INTERRUPT_AGAIN_MS)
  }
}

async function beat(): Promise<void> {
  for (;;) {
    await systemClock.sleep(HEARTBEAT_MS)
    const progress = running === undefined ? undefined : database?.progress()
    send({ type: 'heartbeat', load: load(), ...(progress !== undefined && { progress }) })
  }
}

function load(): ChildLoad {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    rssBytes: process.memoryUsage.rss(),
    peakRssBytes: maxRSS * 1024,
  }
}

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message)
}

// Without a parent nobody else removes the task directory.
function dieWithParent(): void {
  database?.interrupt()
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  process.kill(process.pid, 'SIGKILL')
}
