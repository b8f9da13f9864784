import { MoraineError } from '@moraine/stdx/error'
import type { LaunchOrder } from './container.ts'

/** @throws {MoraineError} `invalid-input` if the order makes no sense to any container */
export function checkOrder({ resourceId, group, threads, memoryMb, url }: LaunchOrder): void {
  const wrong = (problem: string) => new MoraineError('invalid-input', `optimizer '${resourceId}': ${problem}`)
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(resourceId)) {
    throw wrong('an id must be of letters a to z, digits and dashes between them, at most 63')
  }
  if (!Number.isInteger(threads) || threads < 1) throw wrong(`it cannot have ${threads} threads`)
  if (!Number.isInteger(memoryMb) || memoryMb < 1) throw wrong(`${memoryMb} MB of memory for each thread are none`)
  if (group === '') throw wrong('it has no group')
  if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(url)) throw wrong(`'${url}' is no address of a service`)
}
