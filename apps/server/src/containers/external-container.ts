import { MoraineError } from '@moraine/stdx/error'

/**
 * Optimizers of an external container are started by hand, or by whatever the operator has: it can launch none, and stop none.
 */
export function cannotLaunch(container: string, group: string): MoraineError {
  return new MoraineError(
    'unsupported',
    `container ${container} launches no optimizers: start them by hand, \`moraine group command ${group}\` prints how, or give the group a container that does`,
  )
}
