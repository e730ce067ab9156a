// Parts of documentation whose names look like those of noise by accident.
import { children, textOf } from './measure.mjs'
import { COMMENTS } from './names.mjs'
import { HEADING, ID, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum share of links, and minimum characters of prose of a box with a title. */
const MOST_LINKED = 0.5
const FEW_LINKS = 0.3
const SOME_PROSE = 80
/** Nodes between the beginning of a section and its heading; a table there is one, because it contains only links. */
const MOST_BEFORE = 12

const NAMED_LINE = /line|gutter|toolbar|copy|button/i
const OF_READERS = [ID.button, ID.img, ID.time]
/** Characters of an id that are examined. */
const LONGEST_ID = 200
const COMMENT = /(?:^|\s)comment(?:\s|$)/
const TITLE = /(?:^|\s)title(?:page)?(?:\s|$)/
const NO_LETTERS = /[^\p{L}\p{N}]+/gu
/** Numbers of sections before the text of a heading. */
const NUMBER = /^(?:[A-Z]\.)?[\d.]+\s+/

/**
 * Return whether a part of documentation is text although its name is one of noise: a section whose id is derived from
 * its heading, a box of DocBook, or the comment of the source code that a generator prints.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number} node
 * @param {Map<number, boolean>} plain What is known about the names of comments at the elements of the page.
 * @returns {boolean}
 */
export function isNamedByAccident(tree, measure, node, plain) {
  if (tree.first(node, ID.form) >= 0) return false
  if (tree.marks[node] & COMMENTS && isOfSource(tree, node, plain)) return true
  const id = tree.get(node, ATTRIBUTE.id)
  const share = measure.linkShare(node)
  if (share < MOST_LINKED && id && isDerived(tree, node, id)) return true
  // Anchors for an index come before the title.
  const first = children(tree, node).find((child) => tree.tag[child] !== ID.a || measure.length(child) > 0)
  return share < FEW_LINKS && first !== undefined && measure.prose(node) >= SOME_PROSE && TITLE.test(tree.get(first, ATTRIBUTE.class))
}

/** Return whether a part contains the title of a page whose headings begin at the second level, as those of Javadoc 8. */
export function holdsTitle(tree, node) {
  const heading = tree.first(node, ID.h2)
  return heading >= 0 && tree.first(0, ID.h1) < 0 && TITLE.test(tree.get(heading, ATTRIBUTE.class))
}

/** Return whether a part of a block of code is named after what the code defines, as in the source that Sphinx shows. */
export function isPartOfCode(tree, node) {
  return tree.tag[tree.parent[node]] === ID.pre && tree.tag[node] === ID.div && !NAMED_LINE.test(tree.get(node, ATTRIBUTE.class))
}

/** Return whether a part is named `comment`, is in no list of readers' comments, and shows no person and no date. */
function isOfSource(tree, node, plain) {
  return isPlain(tree, node, plain) && OF_READERS.every((tag) => tree.first(node, tag) < 0)
}

/** Return whether all names of comments at a part and above it are only `comment`. Each element is examined once. */
function isPlain(tree, node, known) {
  const passed = []
  let above = node
  for (; above > 0 && !known.has(above); above = tree.parent[above]) passed.push(above)
  let plain = above > 0 ? known.get(above) : true
  for (const one of passed.reverse()) {
    if (plain && tree.marks[one] & COMMENTS) plain = COMMENT.test(`${tree.get(one, ATTRIBUTE.id).slice(0, LONGEST_ID)} ${tree.get(one, ATTRIBUTE.class)}`)
    known.set(one, plain)
  }
  return plain
}

/** Return whether the id of a section is its heading without spaces, and its class does not repeat it. */
function isDerived(tree, node, id) {
  const name = id.toLowerCase().replace(NO_LETTERS, '')
  if (!name || tree.get(node, ATTRIBUTE.class).toLowerCase().replace(NO_LETTERS, '').includes(name)) return false
  for (let heading = node + 1, passed = 0; heading < tree.end[node] && passed < MOST_BEFORE; passed++) {
    if (PROPERTIES[tree.tag[heading]] & HEADING) {
      const text = textOf(tree, heading)
      return [text, text.replace(NUMBER, '')].some((one) => one.toLowerCase().replace(NO_LETTERS, '') === name)
    }
    heading = tree.tag[heading] === ID.table ? tree.end[heading] : heading + 1
  }
  return false
}
