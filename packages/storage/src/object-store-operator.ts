import { MoraineError } from '@moraine/stdx/error'
import type { Operator } from 'opendal'
import { parseFailure } from './object-store-error.ts'
import { type ObjectStoreService, serviceOptions } from './object-store-service.ts'
import type { StorageSettings } from './settings.ts'

/** What speaks to one bucket. */
export type BucketOperators = {
  /** Each call is one attempt, for calls that are tried again as a whole. */
  readonly once: Operator
  /** Tries the requests of a call again, for calls of many requests: listings and uploads in parts. */
  readonly persistent: Operator
}

/** Operators by bucket, made at first use. opendal, a native library, is not loaded before. */
export function bucketOperators(
  service: ObjectStoreService,
  settings: StorageSettings,
  load: () => Promise<typeof import('opendal')> = () => import('opendal'),
): (authority: string) => Promise<BucketOperators> {
  const opened = new Map<string, BucketOperators>()
  return async (authority) => {
    const known = opened.get(authority)
    if (known !== undefined) return known
    const made = makeOperators(await loadOpendal(load), service, authority, settings)
    opened.set(authority, made)
    return made
  }
}

// Longer than any request of ours takes on a slow link; only to end those that nobody waits for any more.
const REQUEST_MS = 120_000

function makeOperators(
  { Operator, RetryLayer, TimeoutLayer }: typeof import('opendal'),
  service: ObjectStoreService,
  authority: string,
  settings: StorageSettings,
): BucketOperators {
  const timeout = new TimeoutLayer()
  timeout.timeout = REQUEST_MS
  timeout.ioTimeout = REQUEST_MS
  const retry = new RetryLayer()
  retry.maxTimes = 4
  retry.minDelay = 200
  retry.maxDelay = 5_000
  retry.jitter = true
  const options = serviceOptions(service, authority, settings)
  try {
    const once = new Operator(service.service, options).layer(timeout.build())
    return { once, persistent: once.layer(retry.build()) }
  } catch (cause) {
    throw operatorError(cause, `${service.schemes[0]}://${authority}`)
  }
}

// opendal checks options as it makes an operator, before any request.
function operatorError(cause: unknown, store: string): MoraineError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const remedy = /region is missing/i.test(text)
    ? 'its region is not known; set s3.region (client.region, or storage.s3.region in storageConfig of a catalog), or AWS_REGION in the environment; for a store other than AWS also s3.endpoint (storage.s3.endpoint)'
    : parseFailure(cause).details
  // The text has all that a person can act on: the rest are places in a library's code.
  return new MoraineError('invalid-input', `${store} cannot be opened: ${remedy}`)
}

async function loadOpendal(load: () => Promise<typeof import('opendal')>): Promise<typeof import('opendal')> {
  try {
    return await load()
  } catch (cause) {
    throw new MoraineError('unsupported', `object stores cannot be used: ${loadRemedy(cause, runningGlibc())}`, {
      cause,
    })
  }
}

/** Exported for its test. `running` is the version of this system's glibc, if it has one. */
export function loadRemedy(cause: unknown, running: string | undefined): string {
  const needed = /GLIBC_([\d.]+)' not found/.exec(describeCauses(cause))?.[1]
  if (needed === undefined) {
    return `opendal's native library for ${process.platform} ${process.arch} did not load; install the optional dependencies of opendal (npm install without --omit=optional)`
  }
  return `opendal's native library needs glibc ${needed} or newer, and this system has ${running ?? 'none'}; use a newer system, or the pinned version of opendal, which runs on glibc 2.17`
}

function describeCauses(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${describeCauses(error.cause)}` : ''
}

function runningGlibc(): string | undefined {
  const report: unknown = process.report.getReport()
  const { glibcVersionRuntime } = (report as { header: { glibcVersionRuntime?: string } }).header
  return glibcVersionRuntime
}
