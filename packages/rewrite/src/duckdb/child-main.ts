// The program of a DuckDB child. Started by duckdb-child.ts.

// Ctrl-C in a terminal reaches the whole process group; it is the parent that decides what ends, and in which order. That
// holds while DuckDB is loaded, too, which takes a while: so it is loaded after this.
process.on('SIGINT', () => undefined)
await import('./obey-parent.ts')
