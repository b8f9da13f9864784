/** Kind of optimizing work; never a status. In rising order of weight. */
export type OptimizingType = 'minor' | 'major' | 'full'
