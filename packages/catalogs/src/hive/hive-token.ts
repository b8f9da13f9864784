import { MoraineError } from '@moraine/stdx/error'

/** A delegation token of a metastore, as SASL DIGEST-MD5 signs in with it. */
export type HiveToken = {
  readonly user: string
  readonly password: string
  /** Whom the metastore takes its bearer for, as `ann`, or `ann@REALM`. */
  readonly owner: string
  /** After this it is not renewed any more. */
  readonly lastsUntil: Date
}

/**
 * Takes apart the text that metastores give out (`get_delegation_token`): Hadoop's `Token` in the base64 of addresses, with
 * the identifier that the metastore made and knows again, and the password that goes with it.
 *
 * @throws {MoraineError} `invalid-input`, without the token
 */
export function parseHiveToken(text: string): HiveToken {
  try {
    return tokenOf(Buffer.from(text.trim(), 'base64url'))
  } catch (cause) {
    if (cause instanceof MoraineError) throw cause
    throw new MoraineError(
      'invalid-input',
      'hive.metastore.delegation-token is none: give the text that getDelegationToken of a metastore returns',
    )
  }
}

function tokenOf(bytes: Buffer): HiveToken {
  const token = writable(bytes)
  const [identifier, password, kind] = [token.bytes(), token.bytes(), token.bytes().toString()]
  if (kind !== KIND) {
    throw new MoraineError('invalid-input', `hive.metastore.delegation-token is of kind ${kind}, not ${KIND}`)
  }
  const fields = writable(identifier.subarray(1)) // behind the version
  const owner = fields.bytes().toString()
  fields.bytes() // who may renew it
  fields.bytes() // who asked for it, where that was somebody else
  fields.integer() // when
  return {
    user: identifier.toString('base64'),
    password: password.toString('base64'),
    owner,
    lastsUntil: new Date(Number(fields.integer())),
  }
}

const KIND = 'HIVE_DELEGATION_TOKEN'

/** Reads what Hadoop's `WritableUtils` writes. @throws {RangeError} where the bytes end too soon */
function writable(data: Buffer) {
  let at = 0
  const integer = (): bigint => {
    const first = data.readInt8(at)
    at += 1
    if (first >= -112) return BigInt(first)
    const isNegative = first < -120
    const length = isNegative ? -(first + 120) : -(first + 112)
    let value = 0n
    for (let read = 0; read < length; read += 1, at += 1) value = (value << 8n) | BigInt(data.readUInt8(at))
    return isNegative ? ~value : value
  }
  const bytes = (): Buffer => {
    const length = Number(integer())
    if (length < 0 || at + length > data.length) throw new RangeError('cut short')
    at += length
    return data.subarray(at - length, at)
  }
  return { integer, bytes }
}
