import { type Static, Type } from 'typebox'
import { nullable } from './envelope.ts'

export const loginBody = Type.Object(
  {
    user: Type.String({ maxLength: 256, description: 'A name, or the id of a credential.' }),
    password: Type.String({ maxLength: 4096, description: 'Or the secret of the credential.' }),
  },
  { title: 'LoginBody' },
)

export const session = Type.Object(
  {
    userName: Type.String(),
    loginTime: Type.String({ description: 'Milliseconds since 1970-01-01T00:00:00Z, as text.' }),
    roles: Type.Array(Type.String()),
    privileges: Type.Array(Type.String(), {
      description: 'That are held anywhere, such as VIEW_TABLE; what may be done at a place is told by each answer.',
    }),
    role: Type.String({ description: 'The one that may do most.' }),
  },
  { title: 'Session', description: 'Who is signed in.' },
)
export type SessionBody = Static<typeof session>

/** `null`: nobody. */
export const currentSession = nullable(session)
