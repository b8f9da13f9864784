import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as reserved from '@moraine/iceberg/schema/reserved-field-ids'
import { LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, ROW_ID_FIELD_ID } from './lineage-columns.ts'

test('the field ids of row lineage are those that the table format reserves', () => {
  assert.deepEqual(
    [ROW_ID_FIELD_ID, LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID],
    [reserved.ROW_ID_FIELD_ID, reserved.LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID],
  )
})
