import { roleAssumer } from '@moraine/catalogs/aws/assume-role'
import type { AwsCredentials, AwsEnvironment } from '@moraine/catalogs/aws/aws-credentials'
import { awsCredentials } from '@moraine/catalogs/aws/aws-credentials-provider'
import { signS3 } from '@moraine/catalogs/aws/s3-request-signer'
import { isAllowed } from '@moraine/management/access/grant'
import type { CatalogMap } from '@moraine/management/catalogs/managed-catalog'
import { must, unreachable } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Identity } from '../../access/identity.ts'
import { derivedKey } from '../../secrets/derived-key.ts'
import type { AccessDelegation, DelegationWay } from './access-delegation.ts'
import { decideSigning, type RequestToSign } from './decide-signing.ts'
import { formatS3Address } from './s3-address.ts'
import { type SessionScope, sessionPolicy } from './session-policy.ts'
import { type StagedTables, stagedTables } from './staged-tables.ts'
import { type ReachQuestion, type TableReach, tableReach } from './table-reach.ts'
import { tableSessions } from './table-sessions.ts'

/** What a client can take. */
export type DelegationKind = 'vended-credentials' | 'remote-signing'

/** What a client is given. `scope` is for what it can be used; keys of the catalog itself open more. */
export type Delegated =
  | { readonly kind: 'credentials'; readonly credentials: AwsCredentials; readonly scope: SessionScope }
  | { readonly kind: 'signing'; readonly scope: SessionScope }

export type DelegationOutcome = Delegated | { readonly kind: 'none'; readonly why: string }

export type AccessQuestion = Omit<ReachQuestion, 'catalog' | 'grants'> & { readonly identity: Identity }

/** How clients come to the files of one catalog's tables. */
export interface TableAccess {
  readonly kinds: ReadonlySet<DelegationKind>
  /** Settings without secrets, for all clients. */
  readonly clientSettings: CatalogMap
  readonly staged: StagedTables
  /**
   * The first of the catalog's ways that the client can take and whoever asks may have.
   *
   * @throws {MoraineError} `permission`, `unavailable` or `timeout` if STS gives nothing
   */
  delegate(question: AccessQuestion, takes: ReadonlySet<DelegationKind>): Promise<DelegationOutcome>
  /** @throws {MoraineError} `permission` for what goes beyond the table's files or the asker's privileges; as `delegate` */
  sign(question: AccessQuestion, request: RequestToSign & { readonly region: string }): Promise<SignedRequest>
}

export type SignedRequest = {
  readonly uri: string
  /** To be sent besides those of the request. */
  readonly headers: Readonly<Record<string, string>>
  readonly isRepeatable: boolean
}

export type TableAccessDeps = {
  /** The catalog's name, as grants have it. */
  readonly catalog: string
  readonly clock: Clock
  /** For what clients carry of staged tables: the same at each start, and in each service that shares its secret key. */
  readonly stagedKey: Uint8Array
  readonly environment: AwsEnvironment
}

const KIND_OF: Readonly<Record<DelegationWay, DelegationKind>> = {
  'sts-credentials': 'vended-credentials',
  'static-credentials': 'vended-credentials',
  'remote-signing': 'remote-signing',
}

/** A client waits for its table meanwhile. */
const STS_TIMEOUT_MS = 10_000

export function tableAccess(delegation: AccessDelegation, deps: TableAccessDeps): TableAccess {
  const { ways, store, clientSettings } = delegation
  const reachOf = ({ identifier, metadata, identity: { grants } }: AccessQuestion) =>
    tableReach({ catalog: deps.catalog, identifier, metadata, grants }, delegation)
  const keys = keysOf(delegation, deps)
  const give = async (
    way: DelegationWay,
    { identity }: AccessQuestion,
    scope: SessionScope,
  ): Promise<Delegated | undefined> => {
    switch (way) {
      case 'sts-credentials': {
        const credentials = await keys.ofSession(identity, scope)
        return credentials && { kind: 'credentials', credentials, scope }
      }
      case 'static-credentials':
        // They open all that the service itself comes to.
        if (!isAllowed(identity.grants, 'write-table', { catalog: deps.catalog })) return undefined
        return { kind: 'credentials', credentials: keys.ofCatalog, scope }
      case 'remote-signing':
        return { kind: 'signing', scope }
      default:
        return unreachable(way)
    }
  }
  // Some stores act on headers that are not signed, as one to copy another object. With a session that ends at its policy;
  // with keys of the service whoever writes has to be trusted with all of the catalog.
  const demandTrust = ({ identity }: AccessQuestion) => {
    if (store.isAws || isAllowed(identity.grants, 'write-table', { catalog: deps.catalog })) return
    throw new MoraineError(
      'permission',
      'the request is not signed: without access-delegation.role-arn the catalog signs writing for those alone who may write all of it',
    )
  }
  return {
    kinds: new Set(ways.map((way) => KIND_OF[way])),
    clientSettings,
    staged: stagedTables(derivedKey(deps.stagedKey, `staged tables of ${deps.catalog}`), deps.clock),
    async delegate(question, takes) {
      const taken = ways.filter((way) => takes.has(KIND_OF[way]))
      if (taken.length === 0) return { kind: 'none', why: 'the catalog hands out nothing that the client takes' }
      const reach = reachOf(question)
      if (reach.kind === 'outside') return { kind: 'none', why: reach.why }
      for (const way of taken) {
        const given = await give(way, question, reach)
        if (given !== undefined) return given
      }
      return { kind: 'none', why: whyNothing(taken) }
    },
    async sign(question, request) {
      const scope = withinReach(reachOf(question))
      const region = store.region ?? request.region
      const decision = decideSigning(request, scope, { endpoint: store.endpoint, region })
      if (decision.kind === 'refuse') throw new MoraineError('permission', `the request is not signed: ${decision.why}`)
      const { address, headers, payload, isRead, isRepeatable } = decision
      const session = await keys.ofSession(question.identity, scope)
      if (session === undefined && !isRead) demandTrust(question)
      const { origin, path, query } = address
      const { method } = request
      const credentials = session ?? (await keys.ofService())
      const signed = await signS3(
        { method, origin, path, query, headers, payload },
        { credentials, region },
        deps.clock,
      )
      return { uri: formatS3Address(address), headers: signed, isRepeatable }
    },
  }
}

type Keys = {
  /** Of the role, for the scope; `undefined` if no policy can say it. */
  ofSession(identity: Identity, scope: SessionScope): Promise<AwsCredentials | undefined>
  readonly ofCatalog: AwsCredentials
  /** By which the service itself comes to files. */
  ofService(): Promise<AwsCredentials>
}

function keysOf(delegation: AccessDelegation, { clock, environment }: TableAccessDeps): Keys {
  const { credentials, role, stsEndpoint, store } = delegation
  const region = store.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const base = credentials.kind === 'role' ? credentials.base : credentials
  const common = { region, environment, clock, timeoutMs: STS_TIMEOUT_MS }
  const deps = stsEndpoint === undefined ? common : { ...common, endpoint: stsEndpoint }
  const sessions = tableSessions(roleAssumer(awsCredentials(base, common), deps), clock)
  const own = awsCredentials(credentials, common)
  const ofSession: Keys['ofSession'] = async ({ name }, scope) => {
    const policy = role && sessionPolicy(scope, { region, kmsKey: store.kmsKey })
    return policy === undefined
      ? undefined
      : sessions({ ...must(role, 'a role'), sessionName: sessionName(name), policy })
  }
  return {
    ofSession,
    get ofCatalog() {
      return base.kind === 'static' ? base.credentials : unreachableKeys()
    },
    ofService: own,
  }
}

function unreachableKeys(): never {
  throw new Error('invariant violated: static credentials were checked when the catalog was opened')
}

/** As it is seen in the records of the store. */
function sessionName(principal: string): string {
  return `moraine-${principal.replace(/[^\w+=,.@-]/g, '_')}`.slice(0, 64)
}

function withinReach(reach: TableReach): SessionScope {
  if (reach.kind === 'within') return reach
  throw new MoraineError('permission', `the files of the table are out of reach: ${reach.why}`)
}

function whyNothing(ways: readonly DelegationWay[]): string {
  return ways.includes('static-credentials')
    ? "the catalog's own keys are for those who may write all of its tables"
    : 'no policy of a session can name its location'
}
