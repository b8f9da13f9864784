import { Option } from 'commander'

/** Partitions of a table by name, for commands that work on these alone. */
export function partitionOption(): Option {
  return new Option('--partition <path...>', 'only these, as in region=eu/day=2024-01-31')
}
