/**
 * One non-null value of a primitive type in memory:
 *
 * | type | representation |
 * |---|---|
 * | boolean | boolean |
 * | int, date (days since 1970-01-01), float, double | number |
 * | long, time (µs), timestamp[tz] (µs), timestamp[tz]_ns (ns) | bigint |
 * | decimal | bigint, unscaled |
 * | string | string |
 * | uuid (16 bytes), fixed, binary | Uint8Array |
 */
export type Literal = boolean | number | bigint | string | Uint8Array
