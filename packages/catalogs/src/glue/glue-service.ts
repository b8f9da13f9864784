import type { Glue, GlueClientConfig } from '@aws-sdk/client-glue'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { isRetryable, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { AwsEnvironment } from '../aws/aws-credentials.ts'
import { awsCredentials } from '../aws/aws-credentials-provider.ts'
import { glueFailure } from './glue-failure.ts'
import type { GlueSettings } from './glue-settings.ts'

export type GlueCall<T> = (glue: Glue, options: { readonly abortSignal: AbortSignal }) => Promise<T>

/** Glue's API. Failures are those of `glueFailure`, `timeout` after a minute, or `aborted`. */
export type GlueService = {
  /** For what may be done twice: made again, after growing pauses, while it fails with what may pass. */
  readonly repeatable: <T>(doing: string, call: GlueCall<T>, signal?: AbortSignal) => Promise<T>
  /** Makes one attempt. */
  readonly once: <T>(doing: string, call: GlueCall<T>) => Promise<T>
  /** Attempts that a call may take. */
  readonly attempts: number
  /** Resolves when the next attempt may be made; `failures` counts those before it. */
  readonly pause: (failures: number, signal?: AbortSignal) => Promise<void>
  readonly close: () => void
}

export type GlueServiceDeps = {
  readonly clock: Clock
  readonly random: Random
  readonly environment: AwsEnvironment
}

/** AWS's client takes 0.3 s to load, so it is loaded here and not with this file. */
export async function openGlueService(settings: GlueSettings, deps: GlueServiceDeps): Promise<GlueService> {
  const { Glue: Client } = await import('@aws-sdk/client-glue')
  const glue = new Client(clientConfig(settings, deps))
  await assertRegion(glue)
  return glueServiceOf(glue, settings.attempts, deps)
}

function glueServiceOf(glue: Glue, attempts: number, { clock, random }: GlueServiceDeps): GlueService {
  const attempt = async <T>(doing: string, call: GlueCall<T>, signal?: AbortSignal): Promise<T> => {
    const limit = { ms: CALL_TIMEOUT_MS, what: `Glue: ${doing}`, remedy: 'check glue.endpoint and the network', signal }
    try {
      return await withinDeadline(clock, limit, (abortSignal) => call(glue, { abortSignal }))
    } catch (error) {
      throw glueFailure(doing, error)
    }
  }
  const pause: GlueService['pause'] = async (failures, signal) => {
    const longestMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)
    const share = (random.bytes(1)[0] ?? 0) / 255
    await clock.sleep(longestMs * (0.5 + share / 2), signal)
  }
  return {
    attempts,
    pause,
    once: attempt,
    async repeatable(doing, call, signal) {
      for (let failures = 1; ; failures += 1) {
        checkAborted(signal, `Glue: ${doing}`)
        try {
          return await attempt(doing, call, signal)
        } catch (error) {
          if (failures >= attempts || !isRetryable(error)) throw error
        }
        await pause(failures, signal).catch(() => {}) // whether it was cut short is seen above
      }
    },
    close: () => glue.destroy(),
  }
}

const CALL_TIMEOUT_MS = 60_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

// Attempts are made here, where it is known which may be made twice.
function clientConfig({ endpoint, region, credentials }: GlueSettings, deps: GlueServiceDeps): GlueClientConfig {
  const { AWS_REGION, AWS_DEFAULT_REGION } = deps.environment
  const ofRole = { ...deps, region: region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1' }
  return {
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    // Its default it finds itself.
    ...(credentials.kind === 'default' ? {} : { credentials: awsCredentials(credentials, ofRole) }),
  }
}

async function assertRegion(glue: Glue): Promise<void> {
  try {
    await glue.config.region()
  } catch {
    throw new MoraineError('invalid-input', 'a Glue catalog needs the property client.region, or AWS_REGION')
  }
}
