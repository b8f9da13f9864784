/**
 * How a change of what points to a metadata file ended. `lost`: somebody else was first, and it will not take effect.
 * `unknown`: it may have taken effect, or may yet; the metadata file it names must stay.
 */
export type SwapOutcome = 'won' | 'lost' | { readonly unknown: Error }
