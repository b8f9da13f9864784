import { VERSION } from '@moraine/stdx/version'

/** What the footers of our files name as their writer, in Parquet's form. */
export const CREATED_BY = `moraine version ${VERSION}`
