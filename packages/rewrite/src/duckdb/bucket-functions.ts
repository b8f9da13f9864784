import {
  BIGINT,
  BLOB,
  type DuckDBBlobValue,
  DuckDBScalarFunction,
  type DuckDBType,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api'
import { murmur3, murmur3Long } from '@moraine/iceberg/partition/murmur3'
import { encodeDecimal } from '@moraine/iceberg/value/decimal'
import { BUCKET_HASH } from './bucket-hash.ts'

/**
 * SQL functions of a task's database that hash values as bucket transforms do (table spec, Appendix B): to a signed
 * 32-bit integer, and null to null. DuckDB has no Murmur3 of its own; one call costs about 60 ns a row.
 */
export function bucketFunctions(): readonly DuckDBScalarFunction[] {
  return [
    hashFunction(BUCKET_HASH.long, BIGINT, (value) => murmur3Long(value as bigint)),
    hashFunction(BUCKET_HASH.bytes, BLOB, (value) => murmur3((value as DuckDBBlobValue).bytes)),
    hashFunction(BUCKET_HASH.unscaled, VARCHAR, (value) => murmur3(encodeDecimal(BigInt(value as string)))),
  ]
}

function hashFunction(name: string, parameter: DuckDBType, hash: (value: unknown) => number): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name,
    parameterTypes: [parameter],
    returnType: INTEGER,
    mainFunction: (_info, input, output) => {
      const values = input.getColumnVector(0)
      for (let at = 0; at < input.rowCount; at += 1) {
        const value = values.getItem(at)
        output.setItem(at, value === null ? null : hash(value))
      }
      output.flush()
    },
  })
}
