import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLeashed, startLeashed } from './leashed.ts'

const lab = mkdtempSync(`${tmpdir()}/moraine-lab-shell-`)
after(() => rmSync(lab, { recursive: true }))

/** Runs a bash script with lab.sh sourced, in a lab of its own. */
async function shell(script: string, required = ''): Promise<{ code: number; stdout: string; stderr: string }> {
  const source = fileURLToPath(new URL('lab.sh', import.meta.url))
  const env = { ...process.env, MORAINE_LAB: lab, LAB_REQUIRED: required, LAB_PAUSE: '0' }
  const child = spawn('bash', ['-c', `. '${source}'\n${script}`], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
    })
  }
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)))
  return { code, ...output }
}

test('a download that keeps failing ends the script with 75 and one last line that says why', async () => {
  const { code, stderr } = await shell('retry "the thing" bash -c "echo try >> $LAB/tries; false"; echo not reached')
  assert.equal(code, 75)
  assert.match(stderr.trim().split('\n').at(-1) ?? '', /^unavailable: the thing could not be fetched after 3 tries/)
  assert.equal(readFileSync(`${lab}/tries`, 'utf8'), 'try\n'.repeat(3))
})

test('where nothing may be skipped, what cannot be fetched is a failure', async () => {
  const { code, stderr } = await shell('need no-such-command "it is not there"', '1')
  assert.deepEqual([code, stderr], [1, 'unavailable: no-such-command is not installed (it is not there)\n'])
})

test('a failing step inside an install ends the script with its code, and is tried again next time', async () => {
  const install = 'step() { echo run >> $LAB/steps; (exit 7); echo on; }\nonce failing v1 step\necho not reached'
  assert.deepEqual([(await shell(install)).code, (await shell(install)).code], [7, 7])
  assert.equal(readFileSync(`${lab}/steps`, 'utf8'), 'run\nrun\n')
})

test('a component is installed once for each version, whoever asks at the same time', async () => {
  const install = (version: string) => `step() { echo ${version} >> $LAB/installs; }\nonce thing ${version} step`
  const codes = await Promise.all([1, 2, 3, 4].map(async () => (await shell(install('v1'))).code))
  await shell(install('v1'))
  await shell(install('v2'))
  assert.deepEqual(codes, [0, 0, 0, 0])
  assert.equal(readFileSync(`${lab}/installs`, 'utf8'), 'v1\nv2\n')
})

test('a server is started once, answers when start returns, and is stopped with its children', async () => {
  const { code, stdout, stderr } = await shell(`
    port=$(free_port)
    start web $port bash -c "python3 -m http.server $port --bind 127.0.0.1; true"
    port_open $port && running web && echo up
    start web $port false && echo still
    start other $port sleep 60 || echo taken
    stop web
    port_open $port || echo down
    running web || echo gone
    stop web && echo twice`)
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout.trim().split('\n'), ['up', 'still', 'taken', 'down', 'gone', 'twice'])
})

test('a server that was killed runs no more, though nobody has taken notice of its end', async () => {
  // What execs without waiting for its children leaves them zombies.
  const { code, stdout, stderr } = await shell(`
    bash -c 'setsid sleep 60 & echo $! > "$0"; exec sleep 60' "$LAB/pid" > /dev/null 2>&1 & holder=$!
    until [ "$(cat "/proc/$(cat $LAB/pid)/comm" 2> /dev/null)" = sleep ]; do sleep 0.05; done
    pid=$(cat $LAB/pid)
    printf '%s %s\\n' "$pid" "$(started_at "$pid")" > $LAB/run/held.pid
    running held && runs_in_group "$pid" && echo runs
    kill -9 -- "-$pid"
    gone "$pid" && echo gone
    kill -0 "$pid" && echo zombie
    running held || echo 'runs no more'
    kill "$holder"`)
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout.trim().split('\n'), ['runs', 'gone', 'zombie', 'runs no more'])
})

test('a process runs until its last thread has ended, since that holds its port', async () => {
  const { code, stdout, stderr } = await shell(`
    port=$(free_port)
    cat > $LAB/threads.py << 'END'
import ctypes, os, socket, sys, threading, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=time.sleep, args=[60]).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)  # exit, of the first thread alone
END
    setsid python3 $LAB/threads.py $port & pid=$!
    until port_open $port || ! kill -0 $pid; do sleep 0.05; done
    until [ "$(started_at "$pid")" = '' ]; do sleep 0.05; done
    runs_in_group "$pid" && echo runs
    kill -9 "$pid"
    gone "$pid"
    port_open $port || echo gone`)
  assert.deepEqual([code, stdout], [0, 'runs\ngone\n'], stderr)
})

test('a process that ends while others are looked at does not make these seem gone', async () => {
  const { code, stdout, stderr } = await shell(`
    setsid sleep 60 & pid=$!
    until [ "$(cat "/proc/$pid/comm")" = sleep ]; do sleep 0.05; done
    cat() { command cat "$@"; return 1; } # as it ends where a file is no more
    runs_in_group "$pid" && echo runs
    kill "$pid"`)
  assert.deepEqual([code, stdout], [0, 'runs\n'], stderr)
})

test('a server that dies or never opens its port is reported', async () => {
  const died = await shell('start dying $(free_port) bash -c "echo the reason; exit 3" || echo failed')
  assert.equal(died.stdout, 'failed\n')
  assert.match(died.stderr, /the reason/)
  const silent = await shell('LAB_START_SECONDS=1 start silent $(free_port) sleep 60 || running silent || echo stopped')
  assert.equal(silent.stdout, 'stopped\n')
})

test('Java is taken from JAVA_HOME where its version fits', async () => {
  const { code, stdout } = await shell(`
    mkdir -p $LAB/java/bin; printf 'JAVA_VERSION="19.0.1"\\n' > $LAB/java/release
    printf '#!/bin/sh\\n' > $LAB/java/bin/java; chmod +x $LAB/java/bin/java
    JAVA_HOME=$LAB/java java_home 17 21`)
  assert.equal(code, 0)
  assert.equal(stdout, `${lab}/java\n`)
})

const leash = fileURLToPath(new URL('leash.sh', import.meta.url))

test('a leashed command ends with its code, and is asked to end by SIGTERM alone', async () => {
  assert.equal((await runLeashed('bash', ['-c', 'echo out; echo err >&2; exit 7'])).code, 7)
  const asked = startLeashed('bash', ['-c', 'trap "echo asked; exit 3" TERM; echo up; while :; do sleep 0.05; done'])
  await asked.line(/^up$/)
  assert.deepEqual(await asked.stop(), { code: 3, stdout: 'up\nasked\n', stderr: '' })
})

test('a leashed command dies with its children when whoever started it is killed', async () => {
  const orphan = `${lab}/orphan`
  const command = `bash -c 'echo $$ > ${orphan}; sleep 1000 & wait' & wait`
  const owner = spawn('bash', ['-c', `sleep 1000 | exec '${leash}' bash -c "$0"`, command], { detached: true })
  const pid = Number(await shown(orphan))
  assert.doesNotThrow(() => process.kill(pid, 0))
  process.kill(-(owner.pid ?? 0), 'SIGKILL') // the pipe's other end and the leash itself
  await gone(pid)
})

test('a leashed command that is stopped has not ended, and the leash waits with hardly any work', async (context) => {
  if (process.platform !== 'linux') return context.skip('what a process works is read from /proc')
  const file = `${lab}/stopped`
  const command = ['bash', '-c', `echo $$ > ${file}; kill -STOP $$; exit 5`]
  const holder = spawn(leash, command, { stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = once(holder, 'exit')
  const pid = Number(await shown(file))
  while (fieldsOf(pid)[0] !== 'T') await later(pid)
  const before = ticksOf(holder.pid ?? 0)
  for (let looks = 0; looks < 20; looks++) await later(looks)
  const worked = ticksOf(holder.pid ?? 0) - before
  process.kill(pid, 'SIGCONT')
  assert.deepEqual(await ended, [5, null])
  assert.ok(worked <= 10, `${worked} ticks of processor time, of 10 ms each, in 400 ms`)
})

/** The state of a process and what follows it in its line of `/proc`. */
function fieldsOf(pid: number): readonly string[] {
  return (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ')
}

function ticksOf(pid: number): number {
  const [user, system] = fieldsOf(pid).slice(11, 13)
  return Number(user) + Number(system)
}

async function shown(file: string): Promise<string> {
  return existsSync(file) && readFileSync(file, 'utf8') !== '' ? readFileSync(file, 'utf8') : shown(await later(file))
}

async function gone(pid: number): Promise<void> {
  try {
    process.kill(pid, 0)
  } catch {
    return
  }
  return gone(await later(pid))
}

async function later<T>(value: T): Promise<T> {
  await once(AbortSignal.timeout(20), 'abort')
  return value
}
