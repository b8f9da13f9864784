import { describeError, type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { type ApiObject, objectsAt, textAt } from './api-object.ts'

/** An answer of the API server that says no. */
export type ApiFailure = {
  readonly kind: 'failed'
  readonly status: number
  /** Whether an object of that name is there. Other refusals of status 409 are races, such as for what is left of a quota. */
  readonly isThere: boolean
  /** For whoever asked this. */
  error(container: string, asked: Asked): MoraineError
}

type Asked = {
  readonly verb: string
  readonly resource: string
  readonly name?: string
  readonly namespace: string
}

/** @param said the object `Status` of Kubernetes; another server in between may have said anything */
export function apiFailure(status: number, said: ApiObject | undefined): ApiFailure {
  const message = textAt(said, 'message') ?? `status ${status}`
  const causes = objectsAt(said, 'details', 'causes').flatMap((cause) => textAt(cause, 'reason') ?? [])
  return {
    kind: 'failed',
    status,
    isThere: textAt(said, 'reason') === 'AlreadyExists',
    error(container, asked) {
      const { kind, advice } = meaningOf({ status, message, causes }, asked)
      const text = `container ${container}: ${subject(asked)}: ${advice} (the API server says: ${message.slice(0, 1000)})`
      return new MoraineError(kind, text, { context: { status } })
    },
  }
}

/** For whatever keeps an answer from coming. */
export function unreachableError(container: string, server: URL, cause: unknown): MoraineError {
  const told = describeError(cause)
  const remedy = isCertificate(cause)
    ? 'certificate-authority of the kubeconfig must be what the certificate of the server is signed by'
    : 'see whether it runs and this machine reaches it'
  return new MoraineError(
    'unavailable',
    `container ${container}: the Kubernetes API at ${server.origin} is not reached: ${told}; ${remedy}`,
    { cause },
  )
}

type Refusal = { readonly status: number; readonly message: string; readonly causes: readonly string[] }
type Meaning = { readonly kind: ErrorKind; readonly advice: string }

function meaningOf(refusal: Refusal, asked: Asked): Meaning {
  const { status } = refusal
  if (status === 403) return forbidden(refusal, asked)
  const known = MEANINGS.get(status)
  if (known !== undefined) return known
  if (status >= 500 || status === 408 || status === 429) {
    return { kind: 'unavailable', advice: 'the API server cannot now; it is asked again later' }
  }
  if (status < 400) return { kind: 'unavailable', advice: 'the address leads elsewhere; name the API server itself' }
  return { kind: 'invalid-input', advice: 'the cluster does not take it; correct the properties or the podTemplate' }
}

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [401, { kind: 'unauthenticated', advice: 'the cluster does not know who asks; renew the token or the certificate' }],
  [404, { kind: 'not-found', advice: 'it is not there; create the namespace, or correct the property namespace' }],
  [409, { kind: 'conflict', advice: 'somebody else changed it first; it is asked again later' }],
])

/** Access rules, quotas and policies all answer with 403. */
function forbidden({ message, causes }: Refusal, { verb, resource, namespace }: Asked): Meaning {
  if (message.includes('exceeded quota')) {
    return { kind: 'exhausted', advice: `a quota of namespace ${namespace} is used up; raise it, or release others` }
  }
  if (causes.includes('NamespaceTerminating')) {
    return { kind: 'unavailable', advice: `namespace ${namespace} is being deleted; name another` }
  }
  if (/ cannot \w+ resource /.test(message)) {
    const rule = `allow the verb ${verb} on ${resource} by a Role in namespace ${namespace}`
    return { kind: 'permission', advice: `the service may not; ${rule} (docs/guides/kubernetes.md)` }
  }
  return { kind: 'permission', advice: `a policy of the cluster forbids it; change the podTemplate or the policy` }
}

function subject({ verb, resource, name, namespace }: Asked): string {
  return `to ${verb} ${resource}${name === undefined ? '' : ` ${name}`} in namespace ${namespace} was refused`
}

function isCertificate(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /CERT|SELF_SIGNED|VERIFY|TLS/.test(code)
}
