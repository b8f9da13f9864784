import type { MetricDescription } from './metrics.ts'

/** Metrics of Amoro that are not here, by the start of their names, each with its reason. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  amoro_ams_jvm_:
    'there is no JVM; `process_cpu_*`, `process_resident_memory_bytes`, `nodejs_heap_*`, `nodejs_gc_*` and `nodejs_eventloop_*` tell of the process',
  amoro_table_expected_orphan_: 'no task of the service deletes orphan files yet',
  amoro_table_orphan_: 'no task of the service deletes orphan files yet',
  amoro_table_optimizing_lag_duration_mills:
    'evaluations keep no times of snapshots; how long work waits is `amoro_table_optimizing_status_pending_duration_mills`',
  amoro_table_summary_dangling_delete_files: 'evaluations do not count them; `moraine doctor` does',
  amoro_table_summary_equality_delete_files_records: 'evaluations keep the files of deletes, not their records',
  amoro_table_summary_equality_delete_files_size:
    'evaluations keep the size of all deletes: `total_files_size` less `data_files_size`',
  amoro_table_summary_position_delete_files_records: 'evaluations keep the files of deletes, not their records',
  amoro_table_summary_position_delete_files_size:
    'evaluations keep the size of all deletes: `total_files_size` less `data_files_size`',
  amoro_table_summary_snapshots: 'evaluations look at the current snapshot only',
  amoro_table_summary_total_records:
    'evaluations keep no records of deletes; those of data files are `data_files_records`',
}

/** `docs/reference/metrics.md` */
export function metricsDocument(metrics: readonly MetricDescription[]): string {
  const named = (prefix: string) => metrics.filter(({ name }) => name.startsWith(prefix))
  return `# Metrics

Written by \`scripts/write-metrics.ts\` from the definitions of the metrics (\`apps/server/src/http/*-metrics.ts\`); a test fails when
this file is out of date.

\`GET /metrics\` answers in the text format of Prometheus; whoever asks must be allowed to view the system
([Access](../guides/access.md)). What is not a counter is read from the database at each scrape, so every server tells the same
of groups and tables, and a restart loses nothing; the same holds for \`amoro_optimizer_group_scale_*\`. The other counters, and the
time since the last success of each type, and \`moraine_catalog_*\`, are of what the server itself saw since it started: of
several servers the one that leads counts nearly all of it, and their sum is right. Catalogs that answer have no
series. At most 5000 tables have series of their own, and a scrape reads no more of them, however many are registered; \`moraine_optimizing_*\` counts the processes of all.

A wait in milliseconds has \`mills\` in its name where Amoro writes it so.

## With the names of Amoro

${tableOf(named('amoro_'))}
## More

${tableOf(named('moraine_'))}
Those of the Node.js process (\`process_*\`, \`nodejs_*\`) are there too.

## Not here

| in Amoro | why |
| --- | --- |
${Object.entries(NOT_HERE)
  .map(([name, reason]) => `| \`${name}${name.endsWith('_') ? '*' : ''}\` | ${reason} |`)
  .join('\n')}
`
}

function tableOf(metrics: readonly MetricDescription[]): string {
  const rows = metrics
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`)
  return `| name | type | labels | what |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
}
