import { clientSessions } from '@moraine/server/leadership/client-session'
import { zookeeperLatch } from '@moraine/server/leadership/zookeeper-latch'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'

// candidate.ts ADDRESS CLUSTER PORT SESSION_MS: a server that does nothing but lead. It prints `pid N`, `turn N AT`,
// `act N AT` for each of its acts, `over N AT` and `published N`; AT is in nanoseconds of a clock that all processes share.
// At SIGTERM it leaves the line.

const [address = '', cluster = '', port = '', sessionMs = ''] = process.argv.slice(2)
const ACT_MS = 20
const clock = systemClock
const stopping = new AbortController()
const say = (...words: readonly (string | number | bigint)[]) => process.stdout.write(`${words.join(' ')}\n`)
const tell = (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)

const latch = zookeeperLatch({
  address,
  cluster,
  connectionTimeoutMs: 30_000,
  openSession: clientSessions(clock, Number(sessionMs)),
  clock,
  random: systemRandom,
  log: { debug: tell, info: tell, warn: tell, error: tell },
})
process.on('SIGTERM', () => {
  stopping.abort(new Error('SIGTERM'))
  void latch.close()
})
say('pid', process.pid)
for (let number = 1; !stopping.signal.aborted; number += 1) {
  const turn = await latch.waitForTurn(stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  if (turn === undefined) break
  say('turn', number, process.hrtime.bigint())
  const ports = { tableServicePort: Number(port), optimizingPort: Number(port) + 1, restPort: Number(port) + 2 }
  const published = latch.publish({ host: '127.0.0.1', ...ports }).then(
    () => say('published', number),
    () => {}, // its turn was over before
  )
  // It asks as a leader does before each of its acts, however long it was stopped between two of them.
  while (latch.isTurn()) {
    say('act', number, process.hrtime.bigint())
    await clock.sleep(ACT_MS)
  }
  say('over', number, process.hrtime.bigint(), turn.aborted ? 'aborted' : 'not-aborted')
  await published
}
