// Read the numbers of list items, and the state of entries of task lists that have no check box of HTML.
import { children, isOnly } from './measure.mjs'
import { decoded } from './references.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Nodes at the beginning of an item in which a box is searched. */
const MOST_NODES = 8
const NUMBER = /^\d{1,9}$/
const BULLET = /^\s*[•·‣◦▪●○■□–—*-]\s*$/u
const NUMBER_SIGN = /^\s*\d{1,3}[.)]\s*$/
/** Bytes of such a sign, with references. */
const LONGEST_BULLET = 10
const AROUND = ids('div', 'label', 'p', 'span')
const BOXES = ids('div', 'i', 'span')
const CHECKED = /(?:^|\s)(?:checked|checkbox-on|fa-check-square(?:-o)?|fa-square-check)(?:\s|$)/
const UNCHECKED = /(?:^|\s)(?:checkbox-off|fa-square(?:-o)?)(?:\s|$)/

/** Return the number of the first item of a list, and what is added to it for each further item. */
export function numberingOf(tree, list) {
  const start = tree.get(list, ATTRIBUTE.start)
  const isReversed = tree.tag[list] === ID.ol && tree.has(list, ATTRIBUTE.reversed)
  const usual = isReversed ? children(tree, list).filter((item) => tree.tag[item] === ID.li).length : 1
  return { first: NUMBER.test(start) ? Number(start) : usual, step: isReversed ? -1 : 1 }
}

/** Return the number that an item states, or `null`. */
export function valueOf(tree, item) {
  const value = tree.get(item, ATTRIBUTE.value).trim()
  return NUMBER.test(value) ? Number(value) : null
}

/** Leave out the sign or the number that a page writes itself at the beginning of an item. */
export function leaveOutBullet(tree, item) {
  const end = Math.min(tree.end[item], item + MOST_NODES)
  let text = item + 1
  while (text < end && (tree.gone[text] || tree.tag[text] !== 0 || !tree.size[text])) text++
  const pattern = tree.tag[tree.parent[item]] === ID.ol ? NUMBER_SIGN : BULLET
  if (text >= end || tree.size[text] > LONGEST_BULLET || tree.parent[text] === item || !pattern.test(decoded(tree.raw(text)))) return
  let whole = tree.parent[text]
  while (tree.parent[whole] !== item && AROUND[tree.tag[tree.parent[whole]]] && isOnly(tree, whole)) whole = tree.parent[whole]
  // An item that is only a sign is content.
  if (AROUND[tree.tag[whole]] && isOnly(tree, text) && !(isOnly(tree, whole) && tree.parent[whole] === item)) tree.leaveOut(whole)
}

/**
 * Return the mark of an entry of a task list, or an empty text: for an item that states its state, or that begins with an
 * element without text that is a check box by its role or class, which is left out.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the part that contains the item.
 * @param {number} item
 */
export function taskOf(tree, measure, item) {
  const mark = statedBy(tree, item) || boxOf(tree, measure, item)
  if (!mark) return ''
  // The check box is written itself.
  for (let node = item + 1; node < tree.end[item]; node++) {
    if (tree.tag[node] === ID.input && tree.get(node, ATTRIBUTE.type).toLowerCase() === 'checkbox') return ''
  }
  return mark
}

function statedBy(tree, item) {
  const stated = tree.get(item, ATTRIBUTE['data-checked'])
  if (stated === 'true' || stated === 'false') return markOf(stated === 'true')
  return tree.has(item, ATTRIBUTE['data-inline-task-id']) ? markOf(CHECKED.test(tree.get(item, ATTRIBUTE.class))) : ''
}

function boxOf(tree, measure, item) {
  const end = Math.min(tree.end[item], item + MOST_NODES)
  for (let node = item + 1; node < end; node++) {
    const tag = tree.tag[node]
    if (tag === 0 && !tree.size[node]) continue
    if (BOXES[tag] && !measure.length(node)) {
      const state = stateOf(tree, node)
      if (state) tree.leaveOut(node)
      return state
    }
    if (!AROUND[tag]) return ''
  }
  return ''
}

function stateOf(tree, box) {
  if (tree.get(box, ATTRIBUTE.role) === 'checkbox') return markOf(tree.get(box, ATTRIBUTE['aria-checked']) === 'true')
  const names = tree.get(box, ATTRIBUTE.class)
  if (CHECKED.test(names)) return markOf(true)
  return UNCHECKED.test(names) ? markOf(false) : ''
}

function markOf(isDone) {
  return isDone ? '[x]' : '[ ]'
}
