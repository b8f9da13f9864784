import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Kubernetes } from '../lab/kubernetes.ts'

/** Stands before an API server as `kubectl proxy` does, and loses answers to requests that were carried out. */
export type LosingProxy = {
  /** `http://127.0.0.1:PORT`. */
  readonly server: string
  /** The answer to the request after `count` others is lost; resolves once it is. */
  loseAfter(count: number): Promise<void>
  close(): void
}

export async function startLosingProxy(cluster: Kubernetes): Promise<LosingProxy> {
  const ca = readFileSync(cluster.ca)
  let before = Number.POSITIVE_INFINITY
  let onLost = () => {}
  const forward = async (asked: IncomingMessage) => {
    const { method, headers } = asked
    const sent = request(`${cluster.server}${asked.url}`, { method, headers, ca, agent: false })
    asked.pipe(sent)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return answer
  }
  const proxy = createServer((asked, response) => {
    const isLost = before === 0
    before -= 1
    forward(asked).then(
      (answer) => {
        if (!isLost) {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
          return
        }
        answer.resume().on('end', onLost)
      },
      () => response.destroy(),
    )
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  return {
    server: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    loseAfter(count) {
      before = count
      return new Promise((resolve) => {
        onLost = resolve
      })
    },
    close() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}
