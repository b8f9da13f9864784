// Field ids that no table column can have (table spec, "Reserved Field IDs").

/** `_pos`: the position of a row in its file. */
export const ROW_POSITION_FIELD_ID = 2147483645
/** `file_path` and `pos` of position delete files. */
export const DELETE_FILE_PATH_FIELD_ID = 2147483546
export const DELETE_FILE_POS_FIELD_ID = 2147483545
/** `_row_id` and `_last_updated_sequence_number`: row lineage. */
export const ROW_ID_FIELD_ID = 2147483540
export const LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID = 2147483539
