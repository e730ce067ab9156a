// Convert one page from bytes to its raw facts and the Markdown of its main part.
import { readAlpineTabs } from './alpine.mjs'
import { factsOf, originOf } from './facts.mjs'
import { mainPart } from './main_part.mjs'
import { Measure } from './measure.mjs'
import { pageTypeOf } from './page_type.mjs'
import { parse } from './parser.mjs'
import { readPlayers } from './players.mjs'
import { readRoles } from './roles.mjs'
import { placed } from './streamed.mjs'
import { ID } from './tags.mjs'
import { TooManyNodes } from './tree.mjs'
import { leaveOutUnseen } from './visibility.mjs'
import { wholePage } from './whole_page.mjs'
import { readWidgets } from './widgets.mjs'

/** Share of a page's text up to which the text outside of `noscript` counts as almost empty. */
const NEXT_TO_NONE = 0.25
/** Characters of text in `noscript` from which it may be the page's own. */
const TEXT_WITHOUT_SCRIPTS = 150
const TAG = /<[^<>]*>/g
/** Bytes at the beginning of a page whose facts are read although its tree would be too large. */
const BEGINNING = 1 << 18

// Only one page is converted at a time, so buffers of the size of a page are reused.
const MEASURE = new Measure()

/**
 * @typedef {object} Converted
 * @property {string} markdown The main part.
 * @property {import('./page_type.mjs').PageType} pageType
 * @property {object | null} facts The raw facts of the page, if requested.
 */

/**
 * Read a page and return its main part.
 *
 * @param {Buffer} bytes The page in UTF-8; valid until this returns.
 * @param {string} url
 * @param {boolean} wantsFacts
 * @returns {Converted}
 */
export function convert(bytes, url, wantsFacts) {
  const page = placed(bytes)
  try {
    return converted(page, url, wantsFacts)
  } catch (error) {
    if (!(error instanceof TooManyNodes)) throw error
    return unread(page, url, wantsFacts)
  }
}

/** @returns {Converted} */
function converted(page, url, wantsFacts) {
  let tree = parse(page)
  readRoles(tree)
  readWidgets(tree)
  readAlpineTabs(tree)
  readPlayers(tree)
  const facts = wantsFacts ? factsOf(tree) : null
  leaveOutUnseen(tree, MEASURE)
  if (isWithoutScripts(tree)) {
    tree = parse(page, { readsNoscript: true })
    readRoles(tree)
    readWidgets(tree)
    readAlpineTabs(tree)
    readPlayers(tree)
    leaveOutUnseen(tree, MEASURE)
  }
  const pageType = pageTypeOf(tree, MEASURE, url)
  const markdown = mainPart(tree, MEASURE, pageType, originOf(tree, url))
  return { markdown, pageType, facts: facts && { ...facts, page_type: pageType } }
}

/**
 * Convert a page that has too many elements for a tree. Its facts are those of its beginning.
 *
 * @returns {Converted}
 */
function unread(page, url, wantsFacts) {
  const tree = parse(page.subarray(0, BEGINNING))
  const facts = wantsFacts ? factsOf(tree) : null
  const markdown = wholePage(page.toString(), originOf(tree, url))
  return { markdown, pageType: 'article', facts: facts && { ...facts, page_type: 'article', is_from_mdream: true } }
}

/** Return whether almost all text of a page is in its `noscript`, as in applications that provide it for search engines. */
function isWithoutScripts(tree) {
  let [length, inMain] = [0, 0]
  const main = tree.lists[ID.main].at(0) ?? tree.count
  for (const node of tree.lists[ID.noscript]) {
    if (tree.closeFrom[node] - tree.to[node] < TEXT_WITHOUT_SCRIPTS) continue
    const text = tree.slice(tree.to[node], tree.closeFrom[node]).replace(TAG, '').replace(/\s+/g, ' ').length
    length += text
    if (node > main && node < tree.end[main]) inMain += text
  }
  if (inMain > TEXT_WITHOUT_SCRIPTS && MEASURE.length(main) < NEXT_TO_NONE * inMain) return true
  return length > TEXT_WITHOUT_SCRIPTS && MEASURE.length(0) < NEXT_TO_NONE * length
}
