/** The one table of the app: cards where it has little room, and only the visible rows of long lists. */

import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

export interface Column<T> {
  label: string
  /** Keep the label for screen readers only. */
  hideLabel?: boolean
  /** Right-aligned, with digits of equal width. */
  number?: boolean
  /** Left out on narrow screens; only in tables with rows of equal height, which never become cards. */
  wideOnly?: boolean
  /** Value to sort by; the heading of a column with one is a button. */
  sort?: (row: T) => string | number
  cell: (row: T) => ComponentChildren
}

export interface Sorting {
  /** Label of the column that the rows are sorted by; undefined for their own order. */
  label: string | undefined
  descending: boolean
  onSort: (label: string) => void
}

/** The sign of a fact that does not exist, which cards leave out. */
export const NONE = <span class="none muted">–</span>

interface Props<T> {
  /** Name of the table for screen readers. */
  name: string
  columns: Column<T>[]
  rows: T[]
  rowKey: (row: T) => string
}

/** A table whose rows become cards where it has little room; the first column is the card's heading. */
export function Table<T>({ name, columns, rows, rowKey }: Props<T>) {
  return (
    <div class="table-box">
      <table class="table cards">
        <caption class="visually-hidden">{name}</caption>
        <Head columns={columns} />
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              <Cells columns={columns} row={row} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Head<T>({ columns, sorting }: { columns: Column<T>[]; sorting?: Sorting | undefined }) {
  const direction = sorting?.descending ? 'descending' : 'ascending'
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.label} scope="col" class={classOf(column)} aria-sort={sorting?.label === column.label ? direction : undefined}>
            {column.hideLabel ? (
              <span class="visually-hidden">{column.label}</span>
            ) : sorting && column.sort ? (
              <button type="button" class="sort" onClick={() => sorting.onSort(column.label)}>
                {column.label}
                <span aria-hidden="true">{sorting.label !== column.label ? '↕' : sorting.descending ? '↓' : '↑'}</span>
              </button>
            ) : (
              column.label
            )}
          </th>
        ))}
      </tr>
    </thead>
  )
}

function Cells<T>({ columns, row }: { columns: Column<T>[]; row: T }) {
  return (
    <>
      {columns.map((column, index) => (
        <td key={column.label} class={classOf(column)} data-label={index && !column.hideLabel ? column.label : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </>
  )
}

function classOf<T>(column: Column<T>): string | undefined {
  return [column.number ? 'number' : '', column.wideOnly ? 'wide-column' : ''].filter(Boolean).join(' ') || undefined
}

/** Height of a row of {@link LongTable}: two lines of text, in units of the browser's text size. */
const ROW_REM = 3.5
/** Rows beyond the visible ones, so that scrolling shows no gap. */
const MARGIN = 12
/** Most rows of a table that is shown in full instead of in a box that scrolls. */
const SHORT = 25

/** A table in a box of its own that puts only the visible rows into the page, so that thousands of rows scroll smoothly. */
export function LongTable<T>({ name, columns, rows, rowKey, sorting }: Props<T> & { sorting?: Sorting }) {
  const box = useRef<HTMLDivElement>(null)
  const { first, visible, height } = useVisibleRows(box, rows.length)
  const last = Math.min(rows.length, first + visible)
  return (
    <div class={`long-table ${rows.length <= SHORT ? 'short' : ''}`} ref={box} tabIndex={0} role="region" aria-label={`${name}, scrolls`}>
      <table class="table" aria-rowcount={rows.length + 1}>
        <caption class="visually-hidden">{name}</caption>
        <Head columns={columns} sorting={sorting} />
        <tbody>
          <Space height={first * height} />
          {rows.slice(first, last).map((row, offset) => (
            <tr key={rowKey(row)} aria-rowindex={first + offset + 2} class="long-row">
              <Cells columns={columns} row={row} />
            </tr>
          ))}
          <Space height={(rows.length - last) * height} />
        </tbody>
      </table>
    </div>
  )
}

/** The height of the rows that are not in the page. Its one cell spans nothing, because narrow screens have fewer columns. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden="true" class="space">
      <td style={`height:${height}px`} />
    </tr>
  )
}

function useVisibleRows(box: RefObject<HTMLDivElement | null>, count: number) {
  const [range, setRange] = useState({ first: 0, visible: 40, height: 16 * ROW_REM })
  useEffect(() => {
    const element = box.current
    if (!element) return
    const measure = () => {
      const height = ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize)
      // Steps of several rows, so that most scroll events change nothing.
      const top = Math.floor(element.scrollTop / height / MARGIN) * MARGIN
      const first = Math.max(0, Math.min(top - MARGIN, count - 1))
      const visible = Math.ceil(element.clientHeight / height) + 3 * MARGIN
      setRange((before) => (before.first === first && before.visible === visible && before.height === height ? before : { first, visible, height }))
    }
    measure()
    element.addEventListener('scroll', measure, { passive: true })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', measure)
      observer.disconnect()
    }
  }, [count])
  return range
}
