import { Type } from 'typebox'

// The token endpoint as clients of Iceberg's REST catalog use it: RFC 6749, 4.4 and 5; RFC 8693. It describes; the form is read
// by hand.

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export const oauthTokenForm = Type.Object(
  {
    grant_type: Type.Enum(['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange']),
    client_id: Type.Optional(Type.String({ description: "A credential's id; Basic does as well." })),
    client_secret: Type.Optional(Type.String()),
    subject_token: Type.Optional(Type.String({ description: 'To exchange a token: the one that is still good.' })),
    subject_token_type: Type.Optional(Type.String()),
    scope: Type.Optional(Type.String({ description: 'Answered as it was sent; grants alone say who may do what.' })),
  },
  { title: 'OAuthTokenForm' },
)

export const oauthToken = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    issued_token_type: Type.Literal(ACCESS_TOKEN),
    scope: Type.Optional(Type.String()),
  },
  { title: 'OAuthToken' },
)

export const oauthError = Type.Object(
  { error: Type.String({ description: 'As RFC 6749, 5.2.' }), error_description: Type.String() },
  { title: 'OAuthError' },
)
