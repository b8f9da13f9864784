import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import {
  EMPTY_STRUCT,
  structField,
  structList,
  structOf,
  structsOf,
  type ThriftStruct,
  textValue,
  withFields,
} from '@moraine/thrift/thrift-tree'
import type { TableIdentifier } from '../table-identifier.ts'
import { hiveColumns } from './hive-columns.ts'
import { METADATA_LOCATION, type NextState, nextParameters, TABLE_OWNER, TABLE_TYPE } from './hive-parameters.ts'
import {
  ColumnField,
  columnStruct,
  i32Value,
  parametersField,
  parametersValue,
  SerdeField,
  StorageField,
  TableField,
  textField,
} from './hive-struct.ts'

/** A table as the metastore gave it out, all of its fields. */
export type HiveTable = ThriftStruct

/** Views have a type of their own. */
export function isIcebergTable(table: HiveTable): boolean {
  return parametersField(table, TableField.parameters).get(TABLE_TYPE)?.toLowerCase() === 'iceberg'
}

export function metadataLocationOf(table: HiveTable): string | undefined {
  return parametersField(table, TableField.parameters).get(METADATA_LOCATION)
}

export function tableNameOf(table: HiveTable): string {
  return textField(table, TableField.tableName) ?? ''
}

/** Whether the table's files are not Hive's: it leaves them where they are when the table is renamed. */
export function isExternal(table: HiveTable): boolean {
  return (
    textField(table, TableField.tableType) === 'EXTERNAL_TABLE' ||
    parametersField(table, TableField.parameters).get('EXTERNAL')?.toLowerCase() === 'true'
  )
}

/** A table that is not there yet. */
export function newHiveTable(
  { namespace, name }: TableIdentifier,
  next: NextState,
  { user, now }: { readonly user: string; readonly now: EpochMs },
): HiveTable {
  const { properties } = next.metadata
  const owner = Object.hasOwn(properties, TABLE_OWNER) ? properties[TABLE_OWNER] : undefined
  const seconds = i32Value(Math.floor(now / 1000))
  const table = structOf({
    [TableField.tableName]: textValue(name),
    [TableField.dbName]: textValue(must(namespace[0], 'database')),
    [TableField.owner]: textValue(owner ?? user),
    [TableField.createTime]: seconds,
    [TableField.lastAccessTime]: seconds,
    [TableField.retention]: i32Value(0x7fffffff),
    [TableField.partitionKeys]: structList([]),
    [TableField.parameters]: parametersValue(new Map([['EXTERNAL', 'TRUE']])),
    [TableField.tableType]: textValue('EXTERNAL_TABLE'),
  })
  return withState(table, next)
}

/** The table after a commit: its parameters, columns and location. All other fields stay. */
export function withState(table: HiveTable, next: NextState): HiveTable {
  const parameters = nextParameters(parametersField(table, TableField.parameters), next)
  return withFields(table, {
    [TableField.parameters]: parametersValue(parameters),
    [TableField.storage]: nextStorage(structField(table, TableField.storage) ?? EMPTY_STRUCT, next),
  })
}

export function renamedTable(table: HiveTable, { namespace, name }: TableIdentifier): HiveTable {
  return withFields(table, {
    [TableField.tableName]: textValue(name),
    [TableField.dbName]: textValue(must(namespace[0], 'database')),
  })
}

function nextStorage(storage: ThriftStruct, { metadata, isHiveEnabled }: NextState): ThriftStruct {
  const schema = must(
    metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId),
    'current schema',
  )
  const before = structsOf(storage, StorageField.columns).map((column) => ({
    name: textField(column, ColumnField.name) ?? '',
    type: textField(column, ColumnField.type) ?? '',
  }))
  const serde = structField(storage, StorageField.serde) ?? EMPTY_STRUCT
  const classes = isHiveEnabled ? HIVE_CLASSES : PLAIN_CLASSES
  return withFields(storage, {
    [StorageField.columns]: structList(hiveColumns(schema, before).map(columnStruct)),
    [StorageField.location]: textValue(metadata.location),
    [StorageField.inputFormat]: textValue(classes.inputFormat),
    [StorageField.outputFormat]: textValue(classes.outputFormat),
    [StorageField.serde]: withFields(serde, {
      [SerdeField.library]: textValue(classes.serde),
      [SerdeField.parameters]: parametersValue(parametersField(serde, SerdeField.parameters)),
    }),
  })
}

/** By these Hive reads the table as what it is. */
const HIVE_CLASSES = {
  inputFormat: 'org.apache.iceberg.mr.hive.HiveIcebergInputFormat',
  outputFormat: 'org.apache.iceberg.mr.hive.HiveIcebergOutputFormat',
  serde: 'org.apache.iceberg.mr.hive.HiveIcebergSerDe',
}
/** By these it does not read it at all; they are classes that every metastore has. */
const PLAIN_CLASSES = {
  inputFormat: 'org.apache.hadoop.mapred.FileInputFormat',
  outputFormat: 'org.apache.hadoop.mapred.FileOutputFormat',
  serde: 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe',
}
