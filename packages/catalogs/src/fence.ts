/**
 * Under what the holder of a lease writes: a post that at most one server holds at a time, as a row of the database. A write
 * is refused once the row says anything else.
 */
export type Fence = { readonly lease: string; readonly holder: string; readonly epoch: number }
