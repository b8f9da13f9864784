import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable } from './envelope.ts'

const placeName = Type.String({ minLength: 1, maxLength: 1024 })
const principalName = Type.String({ maxLength: 128 })

const grant = Type.Object(
  {
    role: Type.Enum(['viewer', 'editor', 'operator', 'admin']),
    catalog: Type.Optional(placeName),
    namespace: Type.Optional(Type.Array(placeName, { maxItems: 100, description: 'Its levels.' })),
    table: Type.Optional(placeName),
  },
  { title: 'Grant', description: 'A role at a place and all below it; without a catalog everywhere.' },
)

const credential = Type.Object(
  {
    id: Type.String(),
    note: Type.String(),
    createdAt: epochMsInteger,
    expiresAt: nullable(epochMsInteger),
  },
  { title: 'Credential' },
)

export const principal = Type.Object(
  {
    name: Type.String(),
    grants: Type.Array(grant),
    createdAt: epochMsInteger,
    credentials: Type.Array(credential),
  },
  { title: 'Principal' },
)
export type PrincipalBody = Static<typeof principal>

const grants = Type.Array(grant, { maxItems: 1000 })

export const newPrincipalBody = Type.Object({ name: principalName, grants }, { title: 'NewPrincipalBody' })

export const grantsBody = Type.Object(
  {
    grants,
    expectedGrants: Type.Optional(
      Type.Array(grant, {
        maxItems: 1000,
        description:
          'Those that the change was made from, in the order in which they were listed: if the principal has others by now, nothing is changed (409).',
      }),
    ),
  },
  { title: 'GrantsBody' },
)

export const newCredentialBody = Type.Object(
  {
    note: Type.Optional(Type.String({ maxLength: 1000 })),
    expiresAt: Type.Optional(
      Type.Integer({
        minimum: 0,
        // The last moment that a date can be.
        maximum: 8_640_000_000_000_000,
        description: 'Milliseconds since 1970-01-01T00:00:00Z, still to come; without it, never.',
      }),
    ),
  },
  { title: 'NewCredentialBody' },
)

export const issuedCredential = Type.Object(
  {
    id: Type.String({ description: "OAuth2's client_id." }),
    secret: Type.String({ description: "OAuth2's client_secret." }),
    token: Type.String({ description: 'Both in one, for clients that take a bearer token.' }),
  },
  { title: 'IssuedCredential', description: 'Told this once, and to nobody else.' },
)

export const principalParams = Type.Object({ principal: principalName })
export const credentialParams = Type.Object({ principal: principalName, credential: Type.String({ maxLength: 128 }) })
