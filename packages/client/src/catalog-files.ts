/** Settings of a catalog (in `storageConfig` and `authConfig`) that are whole files: the API takes them in base64. */
export const CATALOG_FILE_KEYS: ReadonlySet<string> = new Set([
  'hadoop.core.site',
  'hadoop.hdfs.site',
  'hive.site',
  'auth.kerberos.keytab',
  'auth.kerberos.krb5',
])
