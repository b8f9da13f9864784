import type { DatabaseSettings } from '@moraine/persistence/open-database'
import { parseServerUrl } from '@moraine/persistence/server/server-url'
import { MoraineError } from '@moraine/stdx/error'
import type { ConfigValues } from './read-config.ts'

/**
 * Where the state is kept. User and password of their own settings win over those of the address.
 *
 * @throws {MoraineError} `invalid-input` if a server is asked for and its address or user is missing or wrong
 */
export function databaseSettings(values: ConfigValues): DatabaseSettings {
  const engine = values.databaseType
  if (engine === 'sqlite') return { engine }
  if (values.databaseUrl === '') throw missing('database.url', `where database.type is ${engine}`)
  const { rootCertificatePath, ...address } = parseServerUrl(engine, values.databaseUrl)
  const user = values.databaseUsername === '' ? address.user : values.databaseUsername
  if (user === '') throw missing('database.username', 'unless database.url names a user')
  return {
    engine,
    server: {
      ...address,
      user,
      password: values.databasePassword === '' ? address.password : values.databasePassword,
      createsTables: values.databaseCreatesTables,
      connectionsMax: values.databaseConnectionsMax,
      idleMax: values.databaseIdleMax,
      waitMs: values.databaseWaitMs,
      connectMs: values.databaseConnectMs,
      statementMs: values.databaseStatementMs,
    },
    ...(rootCertificatePath !== undefined && { rootCertificatePath }),
  }
}

function missing(key: string, when: string): MoraineError {
  return new MoraineError('invalid-input', `setting ${key} is empty: it has to be set ${when}`)
}
