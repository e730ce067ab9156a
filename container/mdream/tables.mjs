// Detect layout tables, and replace row spans in data tables by empty cells.
import { ID, ids } from './tags.mjs'
import { children, textOf } from './measure.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum rows of a table whose spans are replaced, and maximum cells that are added for the spans of one page. */
const MOST_ROWS = 5000
const MOST_CELLS = 20_000
const WIDEST = 50

const BLOCKS = ids('blockquote', 'dl', 'pre')
const PARTS = ids('div', 'img', 'ol', 'p', 'ul')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
/** Rows and columns of a grid, from which headings at its edges are those of a table. */
const SMALLEST_GRID = 3
const FEWEST_COLUMNS = 2
const TOP_HEADINGS = ids('h1', 'h2')
const CELLS = ids('td', 'th')

/** Return the layout tables, and the number of empty cells to write before and after each cell. */
export function readTables(tree, main) {
  const layout = new Set()
  const empty = new Map()
  const room = { cells: MOST_CELLS }
  const open = []
  const close = () => {
    const table = open.pop()
    if (isLayout(tree, table)) layout.add(table.node)
    else if (table.spans) writeOutSpans(tree, table.rows, empty, room)
    if (open.length) open[open.length - 1].take(table)
  }
  const tables = tree.tag[main] === ID.table ? [main] : tree.all(main, ID.table)
  let end = 0
  for (const table of tables) {
    if (table < end) continue
    end = tree.end[table]
    for (let node = table; node < end; node++) {
      if (tree.gone[node]) {
        node = tree.end[node] - 1
        continue
      }
      while (open.length && node >= tree.end[open[open.length - 1].node]) close()
      const tag = tree.tag[node]
      if (tag === ID.table) open.push(new Table(tree, node))
      else open[open.length - 1].see(tree, node, tag)
    }
    while (open.length) close()
  }
  return { layout, empty }
}

class Table {
  constructor(tree, node) {
    this.node = node
    const role = tree.get(node, ATTRIBUTE.role).toLowerCase()
    this.isSaidToBe = role === 'presentation' || role === 'none'
    /** Whether its elements are those of a table by their roles, which often arrange large blocks. */
    this.isOfRole = role === 'table'
    this.rows = []
    this.cells = 0
    this.widest = 0
    this.hasHeads = false
    this.hasBlocks = false
    /** Whether a cell contains more than a line of text. */
    this.hasParts = false
    this.hasTopHeadings = false
    this.hasHeadings = false
    /** Whether a cell that is neither in the first row nor the first of its row contains a heading. */
    this.hasInnerHeadings = false
    this.hasTables = false
    this.spans = false
    this.hasSpannedColumns = false
  }

  see(tree, node, tag) {
    if (tag === ID.tr) {
      const cells = children(tree, node).filter((child) => CELLS[tree.tag[child]])
      this.rows.push(cells)
      this.widest = Math.max(this.widest, cells.length)
    } else if (CELLS[tag]) {
      this.cells++
      if (tag === ID.th) this.hasHeads = true
      if (tree.has(node, ATTRIBUTE.rowspan)) this.spans = true
      if (tree.has(node, ATTRIBUTE.colspan)) this.hasSpannedColumns = true
    } else if (PARTS[tag]) {
      this.hasParts = true
    } else if (BLOCKS[tag]) {
      this.hasBlocks = true
    } else if (HEADINGS[tag]) {
      this.hasHeadings = true
      if (TOP_HEADINGS[tag]) this.hasTopHeadings = true
      const row = this.rows[this.rows.length - 1] ?? []
      const isFirst = row.length > 0 && (row.length === 1 || node < tree.end[row[0]])
      if (this.rows.length > 1 && !isFirst) this.hasInnerHeadings = true
    }
  }

  /** Add the counts of a nested table. */
  take(inner) {
    this.hasTables = true
    this.hasHeads ||= inner.hasHeads
    this.hasTopHeadings ||= inner.hasTopHeadings
    this.hasHeadings ||= inner.hasHeadings
  }

  /** Return whether the table is a grid of cells in which all headings are those of rows and columns. */
  isGrid() {
    const { rows, widest } = this
    // A first row of one cell is the title of a layout, such as those of Doxygen's tables of members.
    if (rows.length < SMALLEST_GRID || widest < FEWEST_COLUMNS || rows[0].length < widest || this.hasInnerHeadings || this.hasBlocks || this.hasTables) return false
    return rows.every((cells) => cells.length === widest || cells.length <= 1)
  }
}

/** Return whether a table arranges the icon, the title and the text of a notice, as DocBook writes them. */
function isNotice(tree, { rows }) {
  if (rows.length !== 2 || rows[0].length !== 2 || rows[1].length !== 1) return false
  const [icon, title] = rows[0]
  return tree.tag[title] === ID.th && tree.get(icon, ATTRIBUTE.rowspan) === '2' && !textOf(tree, icon) && tree.first(icon, ID.img) >= 0
}

function isLayout(tree, table) {
  if (isNotice(tree, table)) return true
  if (table.isSaidToBe || (table.isOfRole && table.hasHeadings)) return true
  if (table.hasHeads && !table.hasTables && !table.hasTopHeadings) return false
  if (table.hasHeadings && table.isGrid()) return false
  return table.cells <= 1 || table.widest <= 1 || (table.rows.length <= 1 && table.hasParts) || table.hasBlocks || table.hasTables || table.hasHeadings
}

function writeOutSpans(tree, rows, empty, room) {
  const open = []
  for (const cells of rows.slice(0, MOST_ROWS)) {
    let column = 0
    for (const cell of cells) {
      let missing = 0
      while (open[column] > 0 && room.cells > 0) {
        open[column++]--
        missing++
        room.cells--
      }
      if (missing) empty.set(cell, missing)
      const tall = span(tree.get(cell, ATTRIBUTE.rowspan))
      for (let wide = span(tree.get(cell, ATTRIBUTE.colspan)); wide > 0; wide--) {
        if (tall > 1) open[column] = tall - 1
        column++
      }
    }
  }
}

function span(text) {
  return /^\d{1,3}$/.test(text) && Number(text) > 0 ? Math.min(Number(text), WIDEST) : 1
}
