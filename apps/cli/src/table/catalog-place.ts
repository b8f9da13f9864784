import type { ExternalCatalogType } from '@moraine/catalogs/open-catalog'
import { MoraineError } from '@moraine/stdx/error'
import { absoluteLocation } from './absolute-location.ts'

/** A catalog as the command line names it. */
export type CatalogOptions = {
  /** Of the service; of a catalog that is opened directly, the name it gives itself. */
  readonly catalog?: string
  /** The service that has the catalog; absent where the catalog is opened directly. */
  readonly service?: CatalogService
  readonly catalogType?: string
  readonly catalogUri?: string
  readonly warehouse?: string
  /** Of a REST catalog that is opened directly. */
  readonly token?: string
  readonly properties?: Readonly<Record<string, string>>
}

export type CatalogService = {
  readonly server: string
  readonly credentials:
    | { readonly kind: 'none' }
    | { readonly kind: 'bearer'; readonly token: string }
    | { readonly kind: 'basic'; readonly user: string; readonly password: string }
}

/** What opens the catalog. */
export type CatalogPlace = {
  readonly type: ExternalCatalogType
  readonly name: string
  /** Credentials among them: never to be shown. */
  readonly properties: Readonly<Record<string, string>>
  /** For messages, without secrets: `the metastore at thrift://a:9083`. */
  readonly label: string
  /** For whoever is not signed in, where the command line knows how that is done. */
  readonly signIn?: string
}

/** How requests to the service sign in. */
export const SIGN_IN = 'sign in with --token or MORAINE_TOKEN, or with MORAINE_CREDENTIAL=user:password'

/**
 * Which catalog the options name; `undefined` if they name none.
 *
 * @throws {MoraineError} `invalid-input` with the option that is missing, makes no sense or contradicts another
 */
export function catalogPlace(options: CatalogOptions): CatalogPlace | undefined {
  const { catalogType, catalogUri, warehouse, service } = options
  if (service !== undefined) return placeInService(options, service)
  if (catalogType === undefined && catalogUri === undefined && warehouse === undefined) return undefined
  const type = catalogType === undefined ? typeOf(catalogUri) : knownType(catalogType)
  return placeOf(type, options)
}

function placeInService(options: CatalogOptions, { server, credentials }: CatalogService): CatalogPlace {
  const { catalog = '', warehouse, properties } = options
  if (warehouse !== undefined) {
    throw new MoraineError(
      'invalid-input',
      '--warehouse is of a catalog that is opened directly: leave out one of --catalog and --warehouse',
    )
  }
  return {
    type: 'rest',
    name: catalog,
    properties: { ...properties, uri: `${server}/api/iceberg/rest`, warehouse: catalog, ...signIn(credentials) },
    label: `catalog ${catalog} of ${server}`,
    signIn: SIGN_IN,
  }
}

function signIn(credentials: CatalogService['credentials']): Readonly<Record<string, string>> {
  switch (credentials.kind) {
    case 'none':
      return { 'rest.auth.type': 'none' }
    case 'bearer':
      return { 'rest.auth.type': 'oauth2', token: credentials.token }
    case 'basic':
      return {
        'rest.auth.type': 'basic',
        'rest.auth.basic.username': credentials.user,
        'rest.auth.basic.password': credentials.password,
      }
  }
}

const DATABASE = /^(?:jdbc:|sqlite:|(?:postgres|postgresql|mysql|mariadb)(?:\+\w+)?:)/i

function typeOf(uri: string | undefined): ExternalCatalogType {
  if (uri === undefined) return 'filesystem'
  if (/^https?:\/\//i.test(uri) && URL.canParse(uri)) return 'rest'
  if (/^thrift:\/\//i.test(uri)) return 'hive'
  if (DATABASE.test(uri)) return 'jdbc'
  throw new MoraineError(
    'invalid-input',
    `--catalog-uri ${uri}: write a URL, of a REST catalog, a Hive metastore or a database, as in http://host:1630/path, thrift://host:9083 or jdbc:postgresql://host/database`,
  )
}

/** `hadoop` is what Spark calls `filesystem`. */
const TYPES = [
  'filesystem',
  'hadoop',
  'rest',
  'hive',
  'glue',
  'jdbc',
  'custom',
] as const satisfies readonly ExternalCatalogType[]

function knownType(text: string): ExternalCatalogType {
  const type = TYPES.find((each) => each === text.toLowerCase())
  if (type !== undefined) return type
  const remedy =
    text.toLowerCase() === 'ams'
      ? 'catalogs of type ams are kept by a service: name one with --catalog, and leave --catalog-type out'
      : `choose of ${TYPES.join(', ')}`
  throw new MoraineError('invalid-input', `--catalog-type ${text}: ${remedy}`)
}

function placeOf(type: ExternalCatalogType, options: CatalogOptions): CatalogPlace {
  const { catalogUri, token, properties = {} } = options
  const isOfFiles = type === 'filesystem' || type === 'hadoop' || type === 'jdbc'
  const given = options.warehouse ?? properties['warehouse']
  const warehouse = given !== undefined && isOfFiles ? absoluteLocation(given) : given
  const uri = catalogUri ?? properties['uri']
  const name = options.catalog ?? (type === 'rest' ? warehouse : undefined)
  if (type === 'jdbc') expectJdbc({ name, uri, warehouse })
  if (isOfFiles && type !== 'jdbc') expectFiles(warehouse, catalogUri)
  return {
    type,
    name: name ?? type,
    properties: {
      ...properties,
      ...(uri !== undefined && { uri }),
      ...(warehouse !== undefined && { warehouse }),
      ...(type === 'rest' && token !== undefined && { token }),
    },
    label: labelOf(type, { name, uri, warehouse }),
  }
}

type Found = {
  readonly name: string | undefined
  readonly uri: string | undefined
  readonly warehouse: string | undefined
}

function expectJdbc({ name, uri, warehouse }: Found): void {
  const missing =
    uri === undefined
      ? '--catalog-uri, as in jdbc:sqlite:/data/catalog.db'
      : warehouse === undefined
        ? '--warehouse, where new tables go'
        : name === undefined
          ? '--catalog, the name that its writers give it: it is part of the key of every row'
          : undefined
  if (missing !== undefined) throw new MoraineError('invalid-input', `a JDBC catalog needs ${missing}`)
}

function expectFiles(warehouse: string | undefined, uri: string | undefined): void {
  if (warehouse === undefined)
    throw new MoraineError('invalid-input', 'a filesystem catalog needs --warehouse, its directory')
  if (uri !== undefined)
    throw new MoraineError(
      'invalid-input',
      'a filesystem catalog has no --catalog-uri: its --warehouse says where it is',
    )
}

/** The address of a database may have a password in it. */
function labelOf(type: ExternalCatalogType, { name = type, uri, warehouse = '' }: Found): string {
  switch (type) {
    case 'filesystem':
    case 'hadoop':
      return warehouse
    case 'hive':
      return uri === undefined ? 'the metastore' : `the metastore at ${uri}`
    case 'rest':
      return `catalog ${name}`
    case 'jdbc':
    case 'glue':
    case 'custom':
      return name === type ? `the ${type} catalog` : `the ${type} catalog ${name}`
  }
}
