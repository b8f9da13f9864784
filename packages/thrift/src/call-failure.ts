/** A call that did not go as declared: told to whoever runs the server, so that nothing is silent. */
export type CallFailure = {
  readonly name: string
  readonly peer: string
  readonly error: unknown
  /** Set where client and server did not even come to speak Thrift. */
  readonly handshake?: HandshakeProblem
}

/**
 * Why client and server did not come to speak Thrift:
 *
 * - `tls-at-plain-port`, `plain-at-tls-port`: one of them speaks TLS and the other does not
 * - `too-slow`: the client did not end its handshake in time
 * - `broken-off`: it went away in the middle, as one does that does not take the certificate
 * - `other`: TLS as it should not be; the error says what
 */
export type HandshakeProblem = 'tls-at-plain-port' | 'plain-at-tls-port' | 'too-slow' | 'broken-off' | 'other'
