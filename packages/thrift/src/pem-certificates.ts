import { X509Certificate } from 'node:crypto'
import { MoraineError } from '@moraine/stdx/error'

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g

/**
 * The certificates of a PEM text, in their order; Node would pass over what is none.
 *
 * @throws {MoraineError} `invalid-input` saying what is wrong with the text, for whoever knows where it is from
 */
export function parseCertificates(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = pem.match(BLOCK) ?? []
  if (first === undefined) {
    throw new MoraineError(
      'invalid-input',
      'there is no certificate in it: it must be PEM, -----BEGIN CERTIFICATE-----',
    )
  }
  return [parse(first), ...others.map(parse)]
}

function parse(block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw new MoraineError('invalid-input', 'a certificate in it is damaged', { cause })
  }
}
