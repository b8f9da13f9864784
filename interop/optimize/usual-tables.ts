/**
 * The tables of the corpus that are optimized before each change, with what each is there for: of every trait that the
 * optimizer or a reader treats in a way of its own, one. That these have the traits which can be told from a table's files
 * is tested; the others are in the words here.
 */
export const USUAL_TABLES: ReadonlyMap<string, string> = new Map([
  ['evolved-spec-v1', 'v1; several specs, void fields'],
  ['v1-upgraded-to-v2', 'files of v1 under position deletes of v2'],
  ['evolved-spec', 'five specs, position deletes under old ones'],
  ['equality-deletes-global', 'equality deletes over all partitions, null keys, several specs'],
  ['flink-upsert', 'written by Flink; position and equality deletes on the same files'],
  ['orc-and-avro', 'data and deletes in ORC and Avro'],
  ['evolved-nested', 'nested types, and changes within them'],
  ['imported', 'names mapped to fields, partition values only in paths'],
  ['awkward-names', 'names that need quotes, in columns and partitions'],
  ['pyiceberg-partitioned', 'written by PyIceberg; branches and tags, a schema changed between commits'],
  ['v3-upgraded-from-v2', 'v3: deletion vectors beside position delete files; lineage that began late'],
  ['v3-equality-deletes-and-vectors', 'v3: equality deletes and deletion vectors on the same files'],
  ['v3-defaults', 'v3: default values'],
  ['variant', 'v3: a type that only some engines have'],
  ['empty', 'no snapshot at all'],
])
