import { type Static, Type } from 'typebox'

const grant = Type.Object(
  {
    role: Type.Enum(['viewer', 'editor', 'operator', 'admin']),
    catalog: Type.Optional(Type.String()),
    namespace: Type.Optional(Type.Array(Type.String(), { description: 'Its levels.' })),
    table: Type.Optional(Type.String()),
  },
  { description: 'A role at a place and all below it; without a catalog everywhere.' },
)

const credential = Type.Object({
  id: Type.String(),
  note: Type.String(),
  createdAt: Type.Number({ description: 'Epoch milliseconds.' }),
  expiresAt: Type.Union([Type.Number(), Type.Null()]),
})

export const principal = Type.Object({
  name: Type.String(),
  grants: Type.Array(grant),
  createdAt: Type.Number({ description: 'Epoch milliseconds.' }),
  credentials: Type.Array(credential),
})
export type PrincipalBody = Static<typeof principal>

export const newPrincipalBody = Type.Object({ name: Type.String(), grants: Type.Array(grant) })

export const grantsBody = Type.Object({ grants: Type.Array(grant) })

export const newCredentialBody = Type.Object({
  note: Type.Optional(Type.String({ maxLength: 1000 })),
  expiresAt: Type.Optional(Type.Number({ description: 'Epoch milliseconds; without it, never.' })),
})

export const issuedCredential = Type.Object(
  {
    id: Type.String({ description: "OAuth2's client_id." }),
    secret: Type.String({ description: "OAuth2's client_secret." }),
    token: Type.String({ description: 'Both in one, for clients that take a bearer token.' }),
  },
  { description: 'Told this once, and to nobody else.' },
)

export const principalParams = Type.Object({ principal: Type.String() })
export const credentialParams = Type.Object({ principal: Type.String(), credential: Type.String() })
