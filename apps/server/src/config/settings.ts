import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import {
  booleanSetting,
  choiceSetting,
  durationSetting,
  integerSetting,
  networksSetting,
  optionalIntegerSetting,
  type Setting,
  textSetting,
} from './setting.ts'

const threads = { min: 1, max: 1000 }
const port = { min: 0, max: 65_535 }

/** Every setting that has an effect, with the keys and defaults of Amoro where it has them. */
export const SETTINGS = {
  dataDir: textSetting({
    key: 'data-dir',
    defaultText: '.moraine',
    meaning: 'Where the service keeps its state; from the directory it is started in. Not in Amoro.',
  }),
  host: textSetting({
    key: 'server-bind-host',
    defaultText: '127.0.0.1',
    meaning: 'Address that the service listens on. Amoro listens on all; here that has to be asked for.',
  }),
  exposedHost: textSetting({
    key: 'server-expose-host',
    defaultText: '',
    meaning:
      'Name or address by which optimizers elsewhere reach the service; if it is not set, the one it listens on, or the name of the machine.',
  }),
  httpPort: integerSetting({
    key: 'http-server.bind-port',
    defaultText: '1630',
    meaning: 'Port of the API, the Iceberg REST catalog, metrics and health; 0 takes any free one.',
    ...port,
  }),
  authentication: choiceSetting({
    key: 'http-server.authentication',
    choices: ['auto', 'required', 'none'],
    defaultText: 'auto',
    meaning:
      'Whether requests have to say who sends them; auto: where others than this machine can reach the service. Not in Amoro.',
  }),
  trustedProxies: networksSetting({
    key: 'http-server.trusted-proxies',
    defaultText: '',
    meaning:
      'Addresses and networks of proxies, with commas, whose `X-Forwarded-For` says where a request comes from; guessing is limited by that. Empty: from whoever connects. Not in Amoro.',
  }),
  databaseType: choiceSetting({
    key: 'database.type',
    choices: ['sqlite', 'postgres', 'mysql'],
    defaultText: 'sqlite',
    meaning:
      'Where the state is kept: in a file of the data directory, in PostgreSQL, or in MySQL or MariaDB. Amoro has derby instead of sqlite.',
  }),
  databaseUrl: textSetting({
    key: 'database.url',
    defaultText: '',
    meaning:
      'Of the server: `jdbc:postgresql://host:5432/db` or `jdbc:mysql://host:3306/db`. Of its parameters count `sslmode` (`disable`, `require`, `verify-full`), `ssl`, `useSSL`, `sslrootcert` and `currentSchema`.',
  }),
  databaseUsername: textSetting({
    key: 'database.username',
    defaultText: '',
    meaning: 'User of the database, unless the address names one. Amoro has root.',
  }),
  databasePassword: textSetting({
    key: 'database.password',
    defaultText: '',
    meaning: 'Password of that user; best as the variable `MORAINE_DATABASE_PASSWORD`.',
  }),
  databaseCreatesTables: booleanSetting({
    key: 'database.auto-create-tables',
    defaultText: 'true',
    meaning:
      'Whether the service creates its tables in a database server, and brings them up to its version. Without it a database of another version is refused.',
  }),
  databaseConnectionsMax: integerSetting({
    key: 'database.connection-pool-max-total',
    defaultText: '20',
    meaning: 'Connections to the database server at a time.',
    ...threads,
  }),
  databaseIdleMax: integerSetting({
    key: 'database.connection-pool-max-idle',
    defaultText: '16',
    meaning: 'Of these, how many are kept for a minute while there is nothing to do.',
    ...threads,
  }),
  databaseWaitMs: durationSetting({
    key: 'database.connection-pool-max-wait-millis',
    defaultText: '30000',
    meaning: 'How long a request waits for a connection while all are in use.',
  }),
  databaseConnectMs: durationSetting({
    key: 'database.connect-timeout',
    defaultText: '10s',
    meaning: 'How long the making of a connection may take. Not in Amoro.',
  }),
  databaseStatementMs: durationSetting({
    key: 'database.statement-timeout',
    defaultText: '30s',
    meaning: 'How long a statement may take. Not in Amoro.',
  }),
  adminUsername: textSetting({
    key: 'admin-username',
    defaultText: 'admin',
    meaning: 'Name of the administrator whose password is below.',
  }),
  adminPassword: textSetting({
    key: 'admin-password',
    defaultText: '',
    meaning:
      'Password of an administrator. Without it the first start that needs one makes a credential, and shows it once.',
  }),
  thriftPort: integerSetting({
    key: 'thrift-server.optimizing-service.bind-port',
    defaultText: '1261',
    meaning: 'Port for optimizers; 0 takes any free one.',
    ...port,
  }),
  thriftHost: textSetting({
    key: 'thrift-server.optimizing-service.bind-host',
    defaultText: '',
    meaning:
      'Address for optimizers; without it that of the service. Where others than this machine can reach it they have to show the secret of their group. Not in Amoro.',
  }),
  tableServicePort: optionalIntegerSetting({
    key: 'thrift-server.table-service.bind-port',
    meaning:
      "Port of the table service, which Amoro's engines look for; 0 takes any free one. If it is not set: 1260, or none where that is taken; any free one where the port for optimizers is 0.",
    ...port,
  }),
  tableServiceHost: textSetting({
    key: 'thrift-server.table-service.bind-host',
    defaultText: '',
    meaning: 'Address of the table service; without it that of the service. Not in Amoro.',
  }),
  tableServiceOpen: booleanSetting({
    key: 'thrift-server.table-service.open',
    defaultText: 'false',
    meaning:
      'Whether whoever reaches that port may use it, also where the API asks who is there: engines cannot say it there. Without it the port is not opened then. Not in Amoro.',
  }),
  thriftCertificateFile: textSetting({
    key: 'thrift-server.optimizing-service.tls.certificate-file',
    defaultText: '',
    meaning:
      'PEM file of the certificate by which optimizers know the service, and of those that lead to its root; with it they come with TLS only. Renewed, it is taken up by itself. Not in Amoro, whose optimizers have no TLS.',
  }),
  thriftKeyFile: textSetting({
    key: 'thrift-server.optimizing-service.tls.key-file',
    defaultText: '',
    meaning: 'PEM file of its private key, without a passphrase. Not in Amoro.',
  }),
  thriftCaFile: textSetting({
    key: 'thrift-server.optimizing-service.tls.ca-file',
    defaultText: '',
    meaning:
      'PEM file of what optimizers that the service launches are to trust; without it what Node trusts. Not in Amoro.',
  }),
  exploreIntervalMs: durationSetting({
    key: 'refresh-external-catalogs.interval',
    defaultText: '3min',
    meaning: 'How often catalogs are listed for tables that appeared or vanished.',
  }),
  refreshParallelism: integerSetting({
    key: 'refresh-tables.thread-count',
    defaultText: '10',
    meaning: 'Tables of one catalog looked at at a time.',
    ...threads,
  }),
  readingThreads: optionalIntegerSetting({
    key: 'table-reading.thread-count',
    meaning:
      'Threads that read the tables of the catalogs that the service keeps itself; if it is not set, as many as there are cores beside one, four at most. Not in Amoro.',
    min: 1,
    max: 64,
  }),
  refreshShortestMs: durationSetting({
    key: 'refresh-tables.interval',
    defaultText: '1min',
    meaning: 'How often a table that changes is looked at, if nobody tells of its commits.',
  }),
  refreshLongestMs: durationSetting({
    key: 'refresh-tables.max-interval',
    defaultText: '10min',
    meaning: 'How often a table at rest is looked at. Not in Amoro.',
  }),
  refreshStepMs: durationSetting({
    key: 'refresh-tables.increase-step',
    defaultText: '30s',
    meaning: 'By how much the pause grows each time a table has not changed. Not in Amoro.',
  }),
  commitParallelism: integerSetting({
    key: 'self-optimizing.commit-thread-count',
    defaultText: '10',
    meaning: 'Processes on tables of one catalog committed at a time.',
    ...threads,
  }),
  breaksQuota: booleanSetting({
    key: 'self-optimizing.break-quota-limit-enabled',
    defaultText: 'true',
    meaning: 'Whether threads that would stay idle may work beyond the quota of a table.',
  }),
  dropRetentionMs: durationSetting({
    key: 'iceberg-rest.dropped-table-keep-time',
    defaultText: '7d',
    meaning: 'How long a table dropped from a catalog of the service can be had back. Not in Amoro.',
  }),
  reportKeepMs: durationSetting({
    key: 'iceberg-rest.metrics-report-keep-time',
    defaultText: '7d',
    meaning: 'How long reports of engines on their scans and commits are kept. Not in Amoro.',
  }),
  historyKeepMs: durationSetting({
    key: 'self-optimizing.runtime-data-keep-time',
    oldKeys: [{ key: 'self-optimizing.runtime-data-keep-days', unitMs: 86_400_000 }],
    defaultText: '30d',
    // Of what ran in this time it is known how much of its group each table has used.
    min: QUOTA_WINDOW_MS,
    meaning: 'How long ended processes are kept; at least 1h.',
  }),
  historyIntervalMs: durationSetting({
    key: 'self-optimizing.runtime-data-expire-interval',
    oldKeys: [{ key: 'self-optimizing.runtime-data-expire-interval-hours', unitMs: 3_600_000 }],
    defaultText: '1h',
    meaning: 'How often they are cleaned.',
  }),
  heartbeatTimeoutMs: durationSetting({
    key: 'optimizer.heart-beat-timeout',
    defaultText: '1min',
    meaning: 'An optimizer that is silent for so long is lost, and its tasks go to others.',
  }),
  ackTimeoutMs: durationSetting({
    key: 'optimizer.task-ack-timeout',
    defaultText: '30s',
    meaning: 'A task that its thread does not confirm within this goes to another.',
  }),
  executeTimeoutMs: durationSetting({
    key: 'optimizer.task-execute-timeout',
    defaultText: '1h',
    meaning: 'A task that takes longer goes to another thread.',
  }),
  drainTimeoutMs: durationSetting({
    key: 'optimizer.drain-timeout',
    defaultText: '15min',
    meaning:
      'How long an optimizer that is released may end its tasks; then they go to others. A group may have its own, `dynamic-allocation.drain-timeout`. Not in Amoro.',
  }),
  planningParallelism: integerSetting({
    key: 'optimizer.max-planning-parallelism',
    defaultText: '4',
    meaning: 'Tables of one group and one catalog planned at a time.',
    ...threads,
  }),
  pollTimeoutMs: durationSetting({
    key: 'optimizer.polling-timeout',
    defaultText: '3s',
    meaning: 'How long a poll waits for a task before it is answered with nothing.',
  }),
  blockerTimeoutMs: durationSetting({
    key: 'blocker.timeout',
    defaultText: '1min',
    meaning: 'How long a lease forbids operations on a table unless it is renewed.',
  }),
  haEnabled: booleanSetting({
    key: 'ha.enabled',
    defaultText: 'false',
    meaning:
      'Whether several servers share the database: one optimizes, all serve the API and the catalogs, and another takes over when the first has gone. Not with sqlite.',
  }),
  haType: choiceSetting({
    key: 'ha.type',
    choices: ['database', 'zk'],
    defaultText: 'database',
    meaning:
      'How servers agree on which of them optimizes: by a row of the database, or by ZooKeeper as well. Amoro has zk.',
  }),
  haClusterName: textSetting({
    key: 'ha.cluster-name',
    defaultText: 'default',
    meaning: 'Below which node of ZooKeeper servers and clients find each other.',
  }),
  haLeaseMs: durationSetting({
    key: 'ha.lease-ttl',
    defaultText: '10s',
    meaning: 'After how long a server that is not heard from is followed by another. Amoro has 30s.',
  }),
  haHeartbeatMs: durationSetting({
    key: 'ha.heartbeat-interval',
    defaultText: '3s',
    meaning: 'How often a server says that it is there. Amoro has 10s.',
  }),
  haZookeeperAddress: textSetting({
    key: 'ha.zookeeper-address',
    defaultText: '',
    meaning: '`host:2181` of the servers of ZooKeeper, with commas.',
  }),
  haSessionMs: durationSetting({
    key: 'ha.session-timeout',
    defaultText: '10s',
    meaning: 'After how long ZooKeeper takes a server that is silent for gone. Amoro has 30s.',
  }),
  haConnectionMs: durationSetting({
    key: 'ha.connection-timeout',
    defaultText: '5min',
    meaning: 'How long the first connection to ZooKeeper may take.',
  }),
} as const satisfies Record<string, Setting<unknown>>

/** Keys of Amoro that are understood but have no effect in this version. */
export const KEYS_WITHOUT_EFFECT: readonly string[] = [
  'http-server.rest-auth-type',
  'http-server.session-timeout',
  'http-server.auth-basic-provider',
  'http-server.login-auth-provider',
  'http-server.login-auth-ldap-url',
  'http-server.login-auth-ldap-user-pattern',
  'http-server.auth-jwt-provider',
  'http-server.proxy-client-ip-header',
  'http-server.authorization.enabled',
  'http-server.authorization.default-role',
  // No thread is held by a call.
  'thrift-server.table-service.worker-thread-count',
  'thrift-server.max-message-size',
  'thrift-server.selector-thread-count',
  'thrift-server.selector-queue-size',
  'catalog-meta-cache.expiration-interval',
  'refresh-external-catalogs.thread-count',
  'refresh-external-catalogs.queue-size',
  'refresh-tables.max-pending-partition-count',
  'table-manifest-io.thread-count',
  'table-manifest-io.maintenance-thread-count',
  'self-optimizing.plan-manifest-io-thread-count',
  'self-optimizing.commit-manifest-io-thread-count',
  'self-optimizing.refresh-group-interval',
  'process.history-data-keep-time',
  'optimizer-group.min-parallelism-check-interval',
  'optimizer-group.max-keeping-attempts',
  'overview-cache.refresh-interval',
  'overview-cache.max-size',
  'database.jdbc-driver-class',
  'terminal.backend',
  'terminal.factory',
  'terminal.result.limit',
  'terminal.stop-on-error',
  'terminal.session.timeout',
  'terminal.sensitive-conf-keys',
  'ha.use-master-slave-mode',
  'shade.identifier',
  'shade.sensitive-keywords',
]
