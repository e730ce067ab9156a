// Parts whose names look like those of noise by accident.
import { children, holds, textOf } from './measure.mjs'
import { ALWAYS, COMMENTS, OUTSIDE } from './names.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum share of links, and minimum characters of prose of a box with a title. */
const MOST_LINKED = 0.5
const FEW_LINKS = 0.3
const SOME_PROSE = 80
/** Nodes between the beginning of a section and its heading; a table there is one, because it contains only links. */
const MOST_BEFORE = 12

/** Maximum characters of the header of a section. */
const LONGEST_HEADER = 500
/** Maximum characters of the name of a card. */
const LONGEST_NAME = 120
/** Minimum characters of a section besides its headings. */
const SHORTEST_SECTION = 10
/** Nodes of a part that are examined. Parts may be nested, and each would be read again. */
const MOST_NODES = 300
const HEADINGS = [ID.h1, ID.h2, ID.h3, ID.h4, ID.h5, ID.h6]
const TITLES = ids('h2', 'h3', 'h4', 'h5', 'h6')
const OF_SITES = ids('button', 'form', 'input', 'nav', 'ol', 'select', 'textarea', 'ul')

const HEADER = /(?:^|[\s_-])head(?:er)?(?:[_-](?:wrapper|container|inner|area|text|content))?(?:\s|$)/i
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

/**
 * Return whether a part with the name of a header or of another part beside the text is a section of the text, the
 * header of one, or the name of a card.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number} node
 * @param {{ begin: number, end: number }} text The nodes from the first heading to the last long paragraph of the page.
 * @param {import('./page_type.mjs').PageType} pageType
 * @returns {boolean}
 */
export function isOfSection(tree, measure, node, text, pageType) {
  const isNamed = Boolean(tree.marks[node] & OUTSIDE)
  if (node < text.begin || tree.marks[node] & (ALWAYS | COMMENTS) || tree.end[node] - node > MOST_NODES || holds(tree, node, OF_SITES)) return false
  const linked = measure.linked(node)
  const hasHeading = holds(tree, node, TITLES)
  if (isNamed && hasHeading && tree.end[node] <= text.end && isSection(tree, measure, node)) return true
  if (tree.tag[node] !== ID.header && !(isNamed && isNamedHeader(tree, node))) return false
  const length = measure.length(node)
  if (hasHeading) return length <= LONGEST_HEADER && linked < MOST_LINKED * length
  // The names of cards are often no heading elements. Those of the boxes beside threads are left out with their boxes.
  return pageType !== 'forum' && length > 0 && length <= LONGEST_NAME && (!linked || (linked === length && tree.countOf(node, ID.a) <= 1))
}

/** Return whether a part consists of headings and text without links. */
function isSection(tree, measure, node) {
  if (tree.tag[node] === ID.aside || tree.countOf(node, ID.a) > 0) return false
  const titles = HEADINGS.reduce((sum, tag) => sum + tree.all(node, tag).reduce((length, one) => length + measure.length(one), 0), 0)
  return measure.length(node) - titles >= SHORTEST_SECTION
}

function isNamedHeader(tree, node) {
  return HEADER.test(tree.get(node, ATTRIBUTE.class)) || HEADER.test(tree.get(node, ATTRIBUTE.id))
}

/** Return the nodes from the first heading or long paragraph of a part to its last long paragraph. */
export function extentOfText(tree, measure, main) {
  const long = measure.longParagraphs(main)
  const found = HEADINGS.map((tag) => tree.first(main, tag)).concat(long.slice(0, 1)).filter((node) => node >= 0)
  return { begin: Math.min(tree.end[main], ...found), end: long.at(-1) ?? -1 }
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
