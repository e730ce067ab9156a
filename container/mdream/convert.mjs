// One page, from its bytes to what it says about itself and the Markdown of its main part.
import { factsOf, originOf } from './facts.mjs'
import { mainPart } from './main_part.mjs'
import { Measure } from './measure.mjs'
import { pageTypeOf } from './page_type.mjs'
import { parse } from './parser.mjs'
import { placed } from './streamed.mjs'
import { ID } from './tags.mjs'
import { TooManyNodes } from './tree.mjs'
import { leaveOutUnseen } from './visibility.mjs'
import { wholePage } from './whole_page.mjs'

/** Share of a page's text that may be seen without scripts and still count as next to none. */
const NEXT_TO_NONE = 0.25
/** Characters of text in `noscript` from which it may be the page's own. */
const TEXT_WITHOUT_SCRIPTS = 150
const TAG = /<[^>]*>/g
/** Bytes at the beginning of a page whose facts are read although its tree would be too large. */
const BEGINNING = 1 << 18

// There is one page at a time, so what is as long as a page is used again.
const MEASURE = new Measure()

/**
 * @typedef {object} Converted
 * @property {string} markdown The main part.
 * @property {import('./page_type.mjs').PageType} pageType
 * @property {object | null} facts What the page says about itself, if wanted.
 */

/**
 * Read a page and return its main part.
 *
 * @param {Buffer} bytes The page in UTF-8; good until this returns.
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
  const facts = wantsFacts ? factsOf(tree) : null
  leaveOutUnseen(tree, MEASURE)
  if (isWithoutScripts(tree)) {
    tree = parse(page, { readsNoscript: true })
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
  return { markdown, pageType: 'article', facts: facts && { ...facts, page_type: 'article' } }
}

/** Say whether next to all text of a page stands in its `noscript`, as in programs that offer it to search engines. */
function isWithoutScripts(tree) {
  let length = 0
  for (const node of tree.lists[ID.noscript]) {
    if (tree.closeFrom[node] - tree.to[node] < TEXT_WITHOUT_SCRIPTS) continue
    length += tree.slice(tree.to[node], tree.closeFrom[node]).replace(TAG, '').replace(/\s+/g, ' ').length
  }
  return length > TEXT_WITHOUT_SCRIPTS && MEASURE.length(0) < NEXT_TO_NONE * length
}
