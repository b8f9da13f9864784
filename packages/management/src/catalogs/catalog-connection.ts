import { MoraineError } from '@moraine/stdx/error'
import { readHadoopSite } from './hadoop-site.ts'
import type { CatalogMap, ManagedCatalog } from './managed-catalog.ts'

const TABLE_PREFIX = 'table.'

/**
 * What adapters and storage take, from the three maps of a catalog whose secrets are in them: Amoro's `storage.*` and
 * `auth.*` by the names of Iceberg's own clients. A property that is given by such a name itself counts.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the field; no secret is in the message
 */
export function connectionProperties(catalog: Omit<ManagedCatalog, 'sealedSecrets'>): CatalogMap {
  const { type, properties, storageConfig = {}, authConfig = {} } = catalog
  const given = Object.entries(properties).filter(([key]) => !key.startsWith(TABLE_PREFIX))
  return {
    ...(type === 'hive' && hiveProperties(storageConfig)),
    ...hadoopProperties(storageConfig),
    ...storageProperties(storageConfig),
    ...authProperties(storageConfig, authConfig),
    ...Object.fromEntries(given),
  }
}

/** What tables of the catalog have that do not say otherwise. */
export function tableDefaults({ properties }: Pick<ManagedCatalog, 'properties'>): CatalogMap {
  const defaults = Object.entries(properties).filter(([key]) => key.startsWith(TABLE_PREFIX))
  return Object.fromEntries(defaults.map(([key, value]) => [key.slice(TABLE_PREFIX.length), value]))
}

function hiveProperties(storageConfig: CatalogMap): CatalogMap {
  const site = storageConfig['hive.site'] ?? ''
  if (site === '') return {}
  const found = readHadoopSite(site, 'storageConfig.hive.site')
  return Object.fromEntries([...found].filter(([key]) => key.startsWith('hive.metastore.')))
}

/** Where HDFS is: its name nodes, by Hadoop's own keys. */
function hadoopProperties(storageConfig: CatalogMap): CatalogMap {
  const sites = ['hadoop.core.site', 'hadoop.hdfs.site'].flatMap((key) => {
    const site = storageConfig[key] ?? ''
    return site === '' ? [] : [...readHadoopSite(site, `storageConfig.${key}`)]
  })
  return Object.fromEntries(sites.filter(([key]) => OF_NAME_NODES.test(key)))
}

const OF_NAME_NODES =
  /^(fs\.defaultFS|dfs\.(http\.policy|nameservices|(ha\.namenodes|namenode\.https?-address)(\..+)?))$/

function storageProperties(storageConfig: CatalogMap): CatalogMap {
  return renamed(storageConfig, {
    'storage.s3.region': 'client.region',
    'storage.s3.endpoint': 's3.endpoint',
    'storage.oss.endpoint': 'oss.endpoint',
    'storage.gcs.endpoint': 'gcs.service.host',
    'storage.adls.endpoint': 'adls.endpoint',
  })
}

function authProperties(storageConfig: CatalogMap, authConfig: CatalogMap): CatalogMap {
  const type = (authConfig['auth.type'] ?? 'custom').toLowerCase()
  switch (type) {
    case 'simple':
      return renamed(authConfig, { 'auth.simple.hadoop_username': 'ugi' })
    case 'ak/sk': {
      const [name, key] = KEY_NAMES[storageConfig['storage.type']?.toLowerCase() ?? ''] ?? KEYS_OF_S3
      return renamed(authConfig, { 'auth.ak_sk.access_key': name, 'auth.ak_sk.secret_key': key })
    }
    case 'custom':
      return {}
    case 'kerberos':
      throw new MoraineError(
        'unsupported',
        'authConfig.auth.type: Kerberos is not supported; choose custom, with a delegation token as properties.hive.metastore.delegation-token for a Hive metastore, or as properties.hdfs.delegation-token for HDFS; or put a REST catalog in front of the metastore',
      )
    default:
      throw new MoraineError('invalid-input', `authConfig.auth.type is '${type}'; choose of simple, ak/sk, custom`)
  }
}

const KEYS_OF_S3 = ['s3.access-key-id', 's3.secret-access-key'] as const
/** By the storage, in small letters. */
const KEY_NAMES: Readonly<Record<string, readonly [name: string, key: string]>> = {
  oss: ['client.access-key-id', 'client.access-key-secret'],
  adls: ['adls.auth.shared-key.account.name', 'adls.auth.shared-key.account.key'],
}

function renamed(map: CatalogMap, names: CatalogMap): CatalogMap {
  const found = Object.entries(names).flatMap(([from, to]) => {
    const value = map[from]
    return value === undefined || value === '' ? [] : [[to, value] as const]
  })
  return Object.fromEntries(found)
}
