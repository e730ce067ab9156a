// What highlighters put around a code block: the name of its language, the word on a copy button, line numbers.
import { LANGUAGE_LABEL, languageOf } from './code.mjs'
import { languageNamed } from './languages.mjs'
import { children, holds, nextOf, previousOf, textOf } from './measure.mjs'
import { rawText } from './raw_lines.mjs'
import { BLOCK, HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum characters of a label, and levels between a label and the block that contains it and the code. */
const LONGEST = 24
const LEVELS = 4
const MOST_LABELS = 5
const COPY = /^(?:copy(?: (?:code|snippet|to clipboard))?|copied!?|select all|view raw|(?:un)?wrap(?: lines)?|toggle word wrap|open in (?:cloud shell|playground)|expand code)$/i
const TO_NOWHERE = /^(?:#|javascript:)/i
const CODE = ids('code')
const SHELLS = new Set(['bash', 'console', 'sh', 'shell', 'terminal', 'zsh'])
/** Elements whose text is content, even if it is only the name of a language. */
const CONTENT = ids('code', 'dt', 'figcaption', 'li', 'p', 'pre', 'summary', 'td', 'th')
/** Maximum characters of the source for the number of one line, with its tags. */
const LONGEST_NUMBER = 500
const NUMBER = /^\s*\d{1,5}[.:|]?\s*$/

/**
 * Leave out the labels directly before and after code blocks.
 *
 * @param {import('./tree.mjs').Tree} tree
 */
export function leaveOutToolbars(tree) {
  let end = 0
  for (const block of tree.lists[ID.pre]) {
    // The labels of the outer block are those of an inner one.
    if (tree.gone[block] || block < end) continue
    end = tree.end[block]
    leaveOutLabels(tree, block, textBefore)
    leaveOutLabels(tree, block, textAfter)
    leaveOutWithin(tree, block)
    leaveOutNumbers(tree, block)
  }
}

/** Leave out the texts next to a block, in one direction, as long as they are labels. */
function leaveOutLabels(tree, block, next) {
  for (let labels = 0; labels < MOST_LABELS; labels++) {
    const text = next(tree, block)
    if (text < 0) return
    if (tree.size[text] > LONGEST) return
    const label = tree.raw(text).trim()
    const isCopy = COPY.test(label)
    if (!isCopy && !isLanguage(tree, label, block)) return
    const above = tree.parent[text]
    if (isCopy && tree.tag[above] === ID.a && TO_NOWHERE.test(tree.get(above, ATTRIBUTE.href))) {
      tree.leaveOut(above)
      continue
    }
    const isLabel = isCopy || LANGUAGE_LABEL.test(tree.get(tree.parent[text], ATTRIBUTE.class))
    const whole = outermost(tree, text, block, isLabel)
    if (whole < 0) return
    tree.leaveOut(whole)
  }
}

/** Leave out the labels in a block beside its code. */
function leaveOutWithin(tree, block) {
  const parts = children(tree, block)
  if (parts.length < 2 || !parts.some((part) => tree.tag[part] === ID.code || holds(tree, part, CODE))) return
  for (const part of parts.slice(0, MOST_LABELS)) {
    if (tree.tag[part] === ID.code || holds(tree, part, CODE)) return
    const label = textOf(tree, part, LONGEST)
    const isNamed = LANGUAGE_LABEL.test(tree.get(part, ATTRIBUTE.class)) && languageNamed(label) !== ''
    if (label.length <= LONGEST && (isNamed || COPY.test(label) || isLanguage(tree, label, block))) tree.leaveOut(part)
  }
}

function isLanguage(tree, label, block) {
  const named = languageNamed(label)
  if (!named) return false
  const language = languageOf(tree, block)
  return named === language || (SHELLS.has(named) && SHELLS.has(language))
}

function textBefore(tree, block) {
  let node = block - 1
  for (; node > 0; node--) {
    if (tree.tag[node] === 0 && tree.size[node] > 0 && !tree.gone[node]) return node
    if (tree.tag[node] === ID.pre || tree.tag[node] === ID.img) return -1
  }
  return -1
}

function textAfter(tree, block) {
  for (let node = tree.end[block]; node < tree.count; node++) {
    if (tree.gone[node]) {
      node = tree.end[node] - 1
      continue
    }
    if (tree.tag[node] === 0 && tree.size[node] > 0) return node
    if (tree.tag[node] === ID.pre || tree.tag[node] === ID.img) return -1
  }
  return -1
}

/**
 * Return the outermost element that contains only a label, or -1 if the label is part of the text. The label of a button or
 * of a language may be beside another label.
 */
function outermost(tree, text, block, isLabel) {
  let node = text
  for (let level = 0; level < LEVELS; level++) {
    const above = tree.parent[node]
    if (above <= 0 || (above < block && block < tree.end[above])) break
    if (CONTENT[tree.tag[above]] || PROPERTIES[tree.tag[above]] & HEADING) return -1
    if (holdsMore(tree, above, node)) {
      if (isLabel) break
      return -1
    }
    node = above
  }
  return node === text ? -1 : node
}

/** Return whether an element contains text outside of one of its parts. */
function holdsMore(tree, top, part) {
  for (let node = top + 1; node < tree.end[top]; node++) {
    if (tree.gone[node] || node === part) node = tree.end[node] - 1
    else if (tree.tag[node] === 0 && tree.size[node] > 0) return true
  }
  return false
}

/**
 * Leave out line numbers of any name: elements with the numbers 1, 2, 3, … at the beginnings of all lines, or a column of
 * them before the block.
 */
function leaveOutNumbers(tree, block) {
  const column = previousOf(tree, block)
  if (column >= 0 && isColumn(tree, column, block)) tree.leaveOut(column)
  const numbers = numbersOf(tree, block)
  if (numbers.length > 1) for (const node of numbers) tree.leaveOut(node)
}

/** Return the elements with the numbers of the lines of a block, or an empty list. */
function numbersOf(tree, block) {
  const numbers = []
  let isStart = true
  let texts = 0
  for (let node = block + 1; node < tree.end[block]; node++) {
    if (tree.gone[node]) continue
    const tag = tree.tag[node]
    if (tag !== 0) {
      isStart ||= tag === ID.br || (PROPERTIES[tag] & BLOCK) !== 0
      continue
    }
    const text = tree.raw(node)
    if (isStart && tree.size[node] > 0) {
      const above = tree.parent[node]
      if (above === block || tree.tag[above] === ID.code || !NUMBER.test(text) || Number.parseInt(text, 10) !== numbers.length + 1) return []
      numbers.push(above)
      isStart = false
      continue
    }
    const lines = text.split('\n')
    if (lines.slice(1).some((line) => line.trim())) return []
    if (tree.size[node] > 0) texts++
    isStart ||= lines.length > 1
  }
  // A block of numbers alone is no code with numbers.
  return 2 * texts >= numbers.length ? numbers : []
}

/** Return whether an element contains only the numbers of a block's lines. */
function isColumn(tree, column, block) {
  // An element with many nodes may be within the columns of many blocks, and must not be read for each of them.
  const size = tree.closeFrom[column] - tree.to[column]
  if (size > LONGEST_NUMBER && size > LONGEST_NUMBER * (linesOf(tree, block) + 1)) return false
  let text = ''
  for (let node = column; node < tree.end[column]; node++) {
    const own = tree.tag[node] === 0 ? tree.raw(node) : ' '
    if (!/^[\d\s]*$/.test(own)) return false
    text += own
  }
  const numbers = text.split(/\s+/).filter(Boolean)
  if (numbers.length === 1) return numbers[0] === '1' && isPairWith(tree, column, block) && linesOf(tree, block) === 1
  return numbers.length > 1 && Math.abs(numbers.length - linesOf(tree, block)) <= 1 && numbers.every((number, at) => Number(number) === at + 1)
}

/** Return whether a block and another one before it are all content of an element. */
function isPairWith(tree, before, block) {
  // Of many blocks in one element, only the last one counts its children.
  return tree.tag[before] === ID.pre && nextOf(tree, block) < 0 && children(tree, tree.parent[block]).length === 2
}

function linesOf(tree, block) {
  return rawText(tree, block).trimEnd().split('\n').length
}
