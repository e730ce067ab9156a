// Tables whose cells are elements without rows, as Javadoc writes them.
import { children } from './measure.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const COLUMNS = /(?:^|\s)(two|three|four)-column-summary(?:\s|$)/
const NUMBERS = new Map([['two', 2], ['three', 3], ['four', 4]])
const HEAD = /(?:^|\s)table-header(?:\s|$)/

/**
 * Return the tags of the elements of a grid, or an empty list if an element is none.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {number} grid
 * @returns {[number, number][]} Nodes, and their tags.
 */
export function partsOfGrid(tree, grid) {
  if (!columnsOf(tree, grid) || tree.tag[grid] !== ID.div) return []
  const cells = children(tree, grid)
  if (!cells.every((cell) => tree.tag[cell] === ID.div) || hasText(tree, grid)) return []
  return [[grid, ID.table], ...cells.map((cell) => /** @type {[number, number]} */ ([cell, HEAD.test(tree.get(cell, ATTRIBUTE.class)) ? ID.th : ID.td]))]
}

/** Return whether text is directly in an element. */
function hasText(tree, top) {
  const end = tree.end[top]
  for (let node = top + 1; node < end; node = tree.end[node]) if (tree.tag[node] === 0 && tree.size[node] > 0) return true
  return false
}

/** Return the number of columns of a table without rows, or 0 if it is none. */
export function columnsOf(tree, table) {
  const named = COLUMNS.exec(tree.get(table, ATTRIBUTE.class))
  return named ? NUMBERS.get(named[1]) ?? 0 : 0
}
