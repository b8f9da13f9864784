import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import type { AwsCredentials, AwsEnvironment, AwsRole } from './aws-credentials.ts'
import { awsSigner } from './aws-signer.ts'

export type AssumeRoleDeps = {
  readonly region: string
  /** May name another address of STS, as for all of AWS's clients. */
  readonly environment: AwsEnvironment
  readonly clock: Clock
}

/**
 * The credentials of a role, which STS gives to whoever has those of `base`. They are held until five minutes before
 * their end.
 *
 * @throws {MoraineError} `permission` if STS refuses, `unavailable` if it is not reached
 */
export function assumedRole(
  role: AwsRole,
  base: () => Promise<AwsCredentials>,
  deps: AssumeRoleDeps,
): () => Promise<AwsCredentials> {
  const sign = awsSigner({ region: deps.region, service: 'sts', credentials: base }, deps.clock)
  let held: AwsCredentials | undefined
  let asking: Promise<AwsCredentials> | undefined
  return async () => {
    const endsAt = held?.expiration?.getTime() ?? 0
    if (held !== undefined && deps.clock.now() < endsAt - MARGIN_MS) return held
    asking ??= askSts(role, sign, deps).finally(() => {
      asking = undefined
    })
    held = await asking
    return held
  }
}

const MARGIN_MS = 5 * 60_000

async function askSts(
  role: AwsRole,
  sign: ReturnType<typeof awsSigner>,
  { region, environment, clock }: AssumeRoleDeps,
): Promise<AwsCredentials> {
  const url = new URL(environment['AWS_ENDPOINT_URL_STS'] || environment['AWS_ENDPOINT_URL'] || stsEndpoint(region))
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: role.arn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(role.durationSeconds),
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    ...Object.fromEntries(
      role.tags.flatMap(({ key, value }, at) => [
        [`Tags.member.${at + 1}.Key`, key],
        [`Tags.member.${at + 1}.Value`, value],
      ]),
    ),
  }).toString()
  const unsigned = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const headers = await sign({ method: 'POST', url, headers: unsigned, body })
  const what = `assuming the role ${role.arn} at ${url.host}`
  const run = async (signal: AbortSignal) => {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal }).catch((cause) => {
      throw new MoraineError('unavailable', `${what}: no answer; check the network`, { cause })
    })
    return parseAnswer(answer.status, await answer.text(), what)
  }
  return withinDeadline(clock, { ms: TIMEOUT_MS, what, remedy: 'check the network' }, run)
}

const TIMEOUT_MS = 30_000

function stsEndpoint(region: string): string {
  return `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

// The values have no characters that XML escapes: keys are letters and digits, tokens base64, times ISO 8601.
function parseAnswer(status: number, xml: string, what: string): AwsCredentials {
  const find = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  const [accessKeyId, secretAccessKey] = [find('AccessKeyId'), find('SecretAccessKey')]
  const [sessionToken, end] = [find('SessionToken'), Date.parse(find('Expiration') ?? '')]
  if (status === 200 && accessKeyId && secretAccessKey && sessionToken && !Number.isNaN(end)) {
    return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(end) }
  }
  // Its words on signatures repeat the headers of the request, and so a session token; its code does not.
  const words = `${what}: STS answered ${status} ${find('Code') ?? ''}`.trimEnd()
  if (status >= 500 || status === 429) throw new MoraineError('unavailable', words)
  throw new MoraineError('permission', `${words}; check client.assume-role.* and the role's trust policy`)
}
