import { createServer, connect as dial, type Socket } from 'node:net'
import { encodeFrame, FrameDecoder } from '@moraine/thrift/frame'
import { readMessage } from '@moraine/thrift/message'

/** One message on its way between an optimizer and the service. */
export type Tapped = { readonly method: string; readonly kind: 'call' | 'answer'; readonly sizeBytes: number }

/** Sees every message before it goes on. What it answers is whether it does; until it answers, the message waits. */
export type Tap = (message: Tapped) => Promise<'forward' | 'drop'> | 'forward' | 'drop'

export type TappingProxy = {
  readonly port: number
  /** Where the service listens now; `undefined` while there is none. */
  target: number | undefined
  tap: Tap
  close(): Promise<void>
}

const MAX_BYTES = 64 * 1024 * 1024

/** Stands between optimizers and the service, so that a test can act between any two messages of theirs. */
export async function tappingProxy(): Promise<TappingProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (proxy.target === undefined) {
      near.destroy()
      return
    }
    const far = dial(proxy.target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.once('error', () => other.destroy())
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    pass(near, far, 'call', proxy)
    pass(far, near, 'answer', proxy)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const proxy: TappingProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    target: undefined,
    tap: () => 'forward',
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
  return proxy
}

function pass(from: Socket, to: Socket, kind: Tapped['kind'], proxy: TappingProxy): void {
  const frames = new FrameDecoder(MAX_BYTES)
  // One after the other, in the order of their arrival.
  let last = Promise.resolve()
  from.on('data', (chunk) => {
    frames.push(Buffer.from(chunk))
    for (let message = frames.next(); message !== undefined; message = frames.next()) {
      const bytes = Uint8Array.from(message)
      last = last.then(() => forward(bytes, to, kind, proxy)).catch(() => void from.destroy())
    }
  })
}

async function forward(bytes: Uint8Array, to: Socket, kind: Tapped['kind'], proxy: TappingProxy): Promise<void> {
  const { name } = readMessage(bytes).header
  const method = name.slice(name.indexOf(':') + 1)
  const verdict = await proxy.tap({ method, kind, sizeBytes: bytes.length })
  if (verdict === 'forward' && to.writable) to.write(encodeFrame(bytes))
}
