import { Center, Text, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { useMessages } from '../../i18n/language.tsx'
import { HealthMark } from '../../ui/health-mark.tsx'
import { PhaseMark } from '../../ui/phase-mark.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import type { SearchedTable, Sort, SortKey } from './find-tables.ts'
import styles from './table-grid.module.css'

const ROW_PX = 40

export type TableGridProps = {
  readonly tables: readonly SearchedTable[]
  readonly sort: Sort
  readonly onSort: (sort: Sort) => void
  /** What is said where there is none. */
  readonly empty: string
}

/** However many tables there are, the page holds the rows that are seen. */
export function TableGrid({ tables, sort, onSort, empty }: TableGridProps) {
  const frame = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: tables.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <div ref={frame} className={styles['frame']} role="table" aria-rowcount={tables.length + 1} tabIndex={0}>
      <Head sort={sort} onSort={onSort} />
      {tables.length === 0 ? (
        <Center p="xl">
          <Text c="dimmed">{empty}</Text>
        </Center>
      ) : (
        <div className={styles['body']} style={{ height: rows.getTotalSize() }} role="rowgroup">
          {rows.getVirtualItems().map(({ index, start }) => {
            const table = tables[index]
            return table === undefined ? null : <Row key={table.tableId} table={table} index={index} top={start} />
          })}
        </div>
      )}
    </div>
  )
}

function Head({ sort, onSort }: Pick<TableGridProps, 'sort' | 'onSort'>) {
  const { tables } = useMessages()
  const columns: readonly (readonly [SortKey, string])[] = [
    ['fullName', tables.table],
    ['healthScore', tables.health],
    ['fileCount', tables.files],
    ['phase', tables.phase],
  ]
  return (
    <div className={`${styles['row']} ${styles['head']}`} role="row">
      {columns.map(([by, title]) => {
        const isChosen = sort.by === by
        const order = sort.isDescending ? 'descending' : 'ascending'
        const Arrow = sort.isDescending ? IconArrowDown : IconArrowUp
        return (
          <div key={by} role="columnheader" aria-sort={isChosen ? order : 'none'}>
            <UnstyledButton
              fz="sm"
              fw={600}
              onClick={() => onSort({ by, isDescending: isChosen ? !sort.isDescending : by === 'fileCount' })}
            >
              {title} {isChosen ? <Arrow size={13} aria-hidden /> : null}
            </UnstyledButton>
          </div>
        )
      })}
    </div>
  )
}

type RowProps = { readonly table: SearchedTable; readonly index: number; readonly top: number }

function Row({ table, index, top }: RowProps) {
  const formats = useFormats()
  const { catalog, database, tableName } = table
  return (
    <Link
      to="/tables/$catalog/$database/$table"
      params={{ catalog, database, table: tableName }}
      className={styles['row']}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index + 2}
    >
      <span className={styles['name']} role="cell" title={table.fullName}>
        <Text span c="dimmed" size="sm">
          {catalog}.{database}.
        </Text>
        {tableName}
      </span>
      <span role="cell">
        <HealthMark score={table.healthScore} />
      </span>
      <span role="cell" className={styles['number']}>
        {formats.count(table.fileCount)}
      </span>
      <span role="cell">
        <PhaseMark phase={table.phase} />
      </span>
    </Link>
  )
}
