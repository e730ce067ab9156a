// The numbers of lines of code that are in elements of their own.
import { children } from './measure.mjs'
import { rawText } from './raw_lines.mjs'
import { ID } from './tags.mjs'

/** Lines of a block from which its numbers are recognised by their order. */
const FEWEST_LINES = 3
const NUMBER = /^\d{1,6}$/
/** Nodes of an element with a number. */
const LARGEST_NUMBER = 4

/** Leave out the numbers of the lines of code that are in elements of their own. */
export function leaveOutNumberedLines(tree) {
  for (const block of tree.lists[ID.pre]) if (!tree.gone[block]) leaveOutNumbersOf(tree, block)
  leaveOutNumberCells(tree)
}

/** Leave out the first part of each line of a block if these parts are the numbers of the lines. */
function leaveOutNumbersOf(tree, block) {
  let lines = children(tree, block)
  if (lines.length === 1 && tree.tag[lines[0]] === ID.code) lines = children(tree, lines[0])
  if (lines.length < FEWEST_LINES) return
  const numbers = []
  let expected = -1
  for (const line of lines) {
    if (tree.tag[line] === ID.br) continue
    const number = line + 1
    if (number >= tree.end[line] || tree.tag[number] === 0 || tree.gone[number] || tree.end[number] - number > LARGEST_NUMBER) return
    const text = rawText(tree, number).trim()
    if (!NUMBER.test(text) || (expected >= 0 && Number(text) !== expected) || tree.end[number] === tree.end[line]) return
    expected = Number(text) + 1
    numbers.push(number)
  }
  for (const number of numbers) tree.leaveOut(number)
}

/** Leave out table cells with the line numbers of the code in the next cell. */
function leaveOutNumberCells(tree) {
  if (tree.lists[ID.pre].length < 2) return
  // A block may be the first of many rows around it.
  const known = new Map()
  const linesIn = (block) => {
    if (!known.has(block)) known.set(block, numbersAndLines(tree, block))
    return known.get(block)
  }
  for (const row of tree.lists[ID.tr]) {
    if (tree.gone[row]) continue
    const cells = children(tree, row)
    if (cells.length !== 2 || cells.some((cell) => tree.first(cell, ID.pre) < 0)) continue
    const [numbers, code] = cells.map((cell) => linesIn(tree.first(cell, ID.pre)))
    if (numbers.count > 1 && Math.abs(numbers.count - code.lines) <= 1) tree.leaveOut(cells[0])
  }
}

/**
 * Return how many numbers a block consists of, each following the one before it, and how many lines; 0 for a block with
 * blocks in it, which would be read once for each level.
 */
function numbersAndLines(tree, block) {
  if (tree.first(block, ID.pre) >= 0) return { count: 0, lines: 0 }
  const text = rawText(tree, block)
  const numbers = text.trim().split(/\s+/)
  const first = Number(numbers[0])
  const isCount = numbers.every((number, place) => /^\d{1,6}$/.test(number) && Number(number) === first + place)
  return { count: isCount ? numbers.length : 0, lines: text.trimEnd().split('\n').length }
}

/** Return whether a part contains only line numbers, or symbols that cannot be code. */
export function isNumbers(tree, top) {
  for (let node = top; node < tree.end[top]; node++) {
    if (tree.tag[node] === 0 && /[^\d\s.:|]/.test(tree.raw(node))) return false
  }
  return true
}
