import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import { innermostFailure, networkFailureText } from '@moraine/stdx/network-failure'
import type { AwsCredentials, AwsEnvironment, AwsRole } from './aws-credentials.ts'
import { awsSigner } from './aws-signer.ts'

export type AssumeRoleDeps = {
  readonly region: string
  /** May name another address of STS, as for all of AWS's clients. */
  readonly environment: AwsEnvironment
  readonly clock: Clock
  /** Of STS; what the environment says, or AWS's own for the region, by default. */
  readonly endpoint?: string
  /** Of one call; 30 s by default. */
  readonly timeoutMs?: number
}

/** Credentials that end. */
export type SessionCredentials = Required<AwsCredentials>

/** A session of a role. `policy`, JSON, takes from what the role may do all that it does not allow. */
export type RoleSession = AwsRole & { readonly policy?: string }

/**
 * The credentials of a role, which STS gives to whoever has those of `base`. They are held until five minutes before
 * their end.
 *
 * @throws {MoraineError} `permission` if STS refuses, `unavailable` or `timeout` if it is not reached
 */
export function assumedRole(
  role: AwsRole,
  base: () => Promise<AwsCredentials>,
  deps: AssumeRoleDeps,
): () => Promise<AwsCredentials> {
  const assume = roleAssumer(base, deps)
  let held: SessionCredentials | undefined
  let asking: Promise<SessionCredentials> | undefined
  return async () => {
    if (held !== undefined && deps.clock.now() < held.expiration.getTime() - MARGIN_MS) return held
    asking ??= assume(role).finally(() => {
      asking = undefined
    })
    held = await asking
    return held
  }
}

const MARGIN_MS = 5 * 60_000

/** Asks STS for sessions of roles, each time anew. Errors as those of {@link assumedRole}. */
export function roleAssumer(
  base: () => Promise<AwsCredentials>,
  deps: AssumeRoleDeps,
): (session: RoleSession) => Promise<SessionCredentials> {
  const sign = awsSigner({ region: deps.region, service: 'sts', credentials: base }, deps.clock)
  return async (session) => {
    const url = new URL(stsAddress(deps))
    const body = formOf(session)
    const unsigned = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const headers = await sign({ method: 'POST', url, headers: unsigned, body })
    const what = `assuming the role ${session.arn} at ${url.host}`
    const run = async (signal: AbortSignal) => {
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal }).catch((cause) => {
        const failure = innermostFailure(cause)
        const why = networkFailureText(failure)
        throw new MoraineError('unavailable', `${what}: no answer: ${why}; check the network`, { cause: failure })
      })
      return parseAnswer(answer.status, await answer.text(), what)
    }
    const { clock, timeoutMs = TIMEOUT_MS } = deps
    return withinDeadline(clock, { ms: timeoutMs, what, remedy: 'check the network' }, run)
  }
}

const TIMEOUT_MS = 30_000

function formOf({ arn, sessionName, durationSeconds, externalId, tags, policy }: RoleSession): string {
  return new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: arn,
    RoleSessionName: sessionName,
    DurationSeconds: String(durationSeconds),
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    ...(policy === undefined ? {} : { Policy: policy }),
    ...Object.fromEntries(
      tags.flatMap(({ key, value }, at) => [
        [`Tags.member.${at + 1}.Key`, key],
        [`Tags.member.${at + 1}.Value`, value],
      ]),
    ),
  }).toString()
}

function stsAddress({ endpoint, environment, region }: AssumeRoleDeps): string {
  const configured = endpoint ?? (environment['AWS_ENDPOINT_URL_STS'] || environment['AWS_ENDPOINT_URL'])
  return configured || `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

// The values have no characters that XML escapes: keys are letters and digits, tokens base64, times ISO 8601.
function parseAnswer(status: number, xml: string, what: string): SessionCredentials {
  const find = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  const [accessKeyId, secretAccessKey] = [find('AccessKeyId'), find('SecretAccessKey')]
  const [sessionToken, end] = [find('SessionToken'), Date.parse(find('Expiration') ?? '')]
  if (status === 200 && accessKeyId && secretAccessKey && sessionToken && !Number.isNaN(end)) {
    return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(end) }
  }
  // Its words on signatures repeat the headers of the request, and so a session token; its code does not.
  const words = `${what}: STS answered ${status} ${find('Code') ?? ''}`.trimEnd()
  if (status >= 500 || status === 429) throw new MoraineError('unavailable', words)
  throw new MoraineError('permission', `${words}; check the properties that name the role, and its trust policy`)
}
