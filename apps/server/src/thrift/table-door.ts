import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { BoundService } from '@moraine/thrift/dispatch'
import { startThriftServer, type ThriftServer } from '@moraine/thrift/server'
import type { Authenticator } from '../access/authenticator.ts'
import { isOpenAt } from '../access/is-open-at.ts'
import type { TableServiceSettings } from '../config/default-settings.ts'
import { SETTINGS } from '../config/settings.ts'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'
import { checkPort } from './check-port.ts'

export type TableDoorOptions = {
  /** Where the service listens. */
  readonly host: string
  /** That for optimizers. */
  readonly thriftPort: number
  readonly settings: { readonly tableService: TableServiceSettings }
  readonly authenticator: Pick<Authenticator, 'openTo'>
  readonly handlers: () => BoundService
  readonly clock: Clock
  readonly log: Log
}

/** Where Amoro's engines come in; it may be opened again once it was closed. */
export type TableDoor = Service & {
  /** That was really taken; `undefined` while it is not open. */
  port(): number | undefined
  /**
   * Finds out at the start of a server what it would else find out when it is to lead.
   *
   * @throws {MoraineError} `conflict` if another process has the port that was asked for
   */
  check(): Promise<void>
}

const USUAL_PORT = 1260

/**
 * Engines say nothing of themselves in this protocol: it is spoken where nobody has to, or where the settings say so. A port
 * that nobody asked for is done without where it is taken, since most need none.
 */
export function tableDoor(options: TableDoorOptions): TableDoor {
  const { thriftPort, settings, authenticator, handlers, clock, log } = options
  const { isOpen, port: asked } = settings.tableService
  const host = settings.tableService.host === '' ? options.host : settings.tableService.host
  // Who has the system choose the other port has several services on one machine.
  const port = asked ?? (thriftPort === 0 ? 0 : USUAL_PORT)
  const isServed = isOpen || isOpenAt(host, authenticator)
  let server: ThriftServer | undefined
  let isTold = false
  // Most need no table service: that there is none is a warning for those only who have named its port.
  const tellOnce = (message: string) => {
    if (!isTold) log[asked === undefined ? 'info' : 'warn']({ host, port }, message)
    isTold = true
  }
  return {
    name: 'table service',
    port: () => server?.port,
    async check() {
      if (!isServed || asked === undefined) return
      await checkPort({ host, port }).catch((error: unknown) => {
        throw isKind(error, 'conflict') ? taken(host, port, error) : error
      })
    },
    async start() {
      if (!isServed) return tellOnce(NOT_OPENED)
      const onFailure = ({ name: call, peer, error }: { name: string; peer: string; error: unknown }) =>
        log.warn({ call, peer, failure: String(error) }, 'a call failed')
      try {
        server = await startThriftServer({ host, port, services: [handlers()], clock, onFailure })
      } catch (error) {
        if (!isKind(error, 'conflict')) throw error
        if (asked !== undefined) throw taken(host, port, error)
        tellOnce(TAKEN)
      }
    },
    async stop() {
      await server?.stop()
      server = undefined
    },
  }
}

const NOT_OPENED = `the table service of Amoro's engines is not opened: they cannot say who they are, which is asked for here; if nobody reaches its port who may not use it, set ${SETTINGS.tableServiceOpen.key} to true`
const TAKEN = `the port of the table service is taken, and Amoro's engines find none here: if they are to, choose another with ${SETTINGS.tableServicePort.key} or stop its owner`

function taken(host: string, port: number, { cause }: Pick<MoraineError, 'cause'>): MoraineError {
  const remedy = `choose another with ${SETTINGS.tableServicePort.key} or stop its owner`
  return new MoraineError('conflict', `port ${port} of ${host} is taken; ${remedy}`, { cause })
}
