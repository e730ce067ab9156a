// The heading and the lead of a page, if they are before its main part.
import { sourceOf } from './images.mjs'
import { resolved, textOf } from './measure.mjs'
import { ALWAYS, AUTHOR, BESIDE, COMMENTS, CONTENTS, FILED, OFFER, OUTSIDE, RELATED } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Headings of the first level that are compared with the title. */
const MOST_HEADINGS = 50
/** Characters of a title that are compared. */
const LONGEST_TITLE = 1000
/** Share of the words of a heading that must be in the title of its page. */
const COMMON_WORDS = 0.6
/** Characters of a paragraph between the heading and the main part from which it is a lead, and of all such together. */
const SHORTEST_LEAD = 40
const LONGEST_LEAD = 1500
/** Kinds of pages whose text has no lead. */
const WITHOUT_LEAD = new Set(['collection', 'forum', 'listing', 'product'])

/** Characters of a sentence that is a lead because it is in the `header` of the heading. */
const SHORTEST_IN_HEADER = 20
const SENTENCE = /[.!?。！？]["”’)]?$/
/** Pixels of a picture above the text, and characters of its caption. */
const SMALLEST_PICTURE = 200
const LONGEST_CAPTION = 300
/** Pictures of the main part that are compared with it, and parts above the main part that are examined. */
const MOST_PICTURES = 5
const MOST_SEEN = 500
const OF_PERSON = /avatar|author|profile|portrait|headshot|gravatar|logo|icon|badge/i

const PICTURES = ids('figure', 'img', 'picture')
const WRAPPERS = ids('div', 'header', 'p', 'section')
const LEAD_TAGS = ids('blockquote', 'div', 'h2', 'p', 'section')
const NO_LEAD = ALWAYS | AUTHOR | BESIDE | COMMENTS | CONTENTS | FILED | OFFER | OUTSIDE | RELATED
const TITLE_PARTS = /(?<!\s)\s+[|\-\u2013\u2014·•»«:]{1,2}\s+|(?:(?<!\s)\s+)?[|·•»]\s+/
const WORD = /[\p{L}\p{N}]+/gu
const SECTION_NUMBER = /^(?:[a-z]\.)?\d+(?:\.\d+)*\.?\s+/

/**
 * Return the page's heading if it is outside of the main part, and the lead between both.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 * @returns {number[]} Nodes in the order of the source.
 */
export function beforeMain(tree, measure, main, pageType) {
  if (tree.first(main, ID.h1) >= 0) return titleAbove(tree, measure, main)
  const heading = pageHeading(tree, measure, main)
  if (heading < 0) return []
  return WITHOUT_LEAD.has(pageType) ? [heading] : [heading, ...leadBetween(tree, measure, heading, main)]
}

/** Return the title of a page if it is before a main part whose sections have headings of the first level, or nothing. */
function titleAbove(tree, measure, main) {
  const headings = tree.all(0, ID.h1).filter((node) => measure.prose(node) > 0).slice(0, MOST_HEADINGS)
  const title = headings.find((node) => isPageTitle(tree, node))
  return title === undefined || title >= main ? [] : [title]
}

/**
 * Return the first heading that reads like the title of the page, or else the only one of the first level before the main
 * part; or -1.
 */
function pageHeading(tree, measure, main) {
  const headings = tree.all(0, ID.h1).filter((node) => measure.length(node) > 0).slice(0, MOST_HEADINGS)
  const whole = titleOf(tree)
  // A heading that is a link may be the name of the site.
  for (const some of [headings.filter((node) => measure.prose(node) > 0), headings]) {
    for (const fits of [beginsAlike, sharesWords]) {
      const found = some.find((node) => fits(whole, textOf(tree, node)))
      if (found !== undefined) return found
    }
  }
  const section = sectionHeading(tree, measure, main, whole)
  if (section >= 0) return section
  const isOnly = headings.length === 1 && headings[0] < main && measure.linked(headings[0]) === 0
  // A single word is most often the name of the site.
  return isOnly && textOf(tree, headings[0]).includes(' ') ? headings[0] : -1
}

/** Return the heading of a lower level that is the title, such as that of a section of a book, before the main part; or -1. */
function sectionHeading(tree, measure, main, title) {
  for (const level of [ID.h2, ID.h3]) {
    const headings = tree.all(0, level).filter((node) => node < tree.end[main] && measure.length(node) > 0).slice(0, MOST_HEADINGS)
    const found = headings.find((node) => measure.linked(node) === 0 && isTitle(title, textOf(tree, node)))
    if (found !== undefined) return found < main ? found : -1
  }
  return -1
}

/** Return whether a heading is the title of its page. */
export function isPageTitle(tree, node) {
  return isTitle(titleOf(tree), textOf(tree, node))
}

/** Return whether a text is a title, or its beginning. A single word at the beginning may be the name of the site. */
function isTitle(title, text) {
  const heading = text.toLowerCase()
  return [heading, heading.replace(SECTION_NUMBER, '')].some((one) => title === one || (one.includes(' ') && title.startsWith(one)))
}

/** Return the beginning of the title of a page in lower case. */
function titleOf(tree) {
  return resolved(tree.title.slice(0, LONGEST_TITLE)).trim().replace(/\s+/g, ' ').toLowerCase()
}

/**
 * Return the prose between the heading and the main part, where many newspapers place the lead, and the first picture
 * there.
 */
function leadBetween(tree, measure, heading, main) {
  const header = headerOf(tree, heading)
  const found = []
  let picture = -1
  // The end of a block that is no lead, in which only a picture is looked for.
  let wrapper = 0
  let length = 0
  let seen = 0
  // A heading directly above a lead, such as NAME in a manual page.
  let above = -1
  const files = new FirstFiles(tree, main)
  for (let node = tree.end[heading]; node < main && seen < MOST_SEEN; seen++) {
    if (main < tree.end[node] && !tree.gone[node]) {
      node++
      continue
    }
    if (node >= wrapper && isLead(tree, measure, node, node < tree.end[header] ? SHORTEST_IN_HEADER : SHORTEST_LEAD)) {
      if (above >= 0) found.push(above)
      found.push(node)
      length += measure.length(node)
      above = -1
    } else if (tree.tag[node] === ID.h2 && node < tree.end[tree.parent[heading]] && measure.linked(node) === 0 && !tree.gone[node]) {
      above = node
    } else if (picture < 0 && isPicture(tree, measure, node, files)) {
      picture = node
      found.push(node)
    } else if (picture < 0 && isWrapper(tree, node)) {
      wrapper = Math.max(wrapper, tree.end[node])
      node++
      continue
    }
    node = tree.end[node]
  }
  return length > LONGEST_LEAD ? [] : found
}

/** Return the element `header` around a heading, or the heading itself. */
function headerOf(tree, heading) {
  for (let above = tree.parent[heading]; above > 0; above = tree.parent[above]) if (tree.tag[above] === ID.header) return above
  return heading
}

function isLead(tree, measure, node, shortest) {
  if (tree.gone[node] || !LEAD_TAGS[tree.tag[node]] || tree.marks[node] & NO_LEAD) return false
  if (measure.prose(node) < shortest || measure.linkShare(node) >= 0.2 || tree.first(node, ID.form) >= 0) return false
  // Shorter leads are sentences.
  return measure.prose(node) >= SHORTEST_LEAD || (tree.tag[node] !== ID.h2 && SENTENCE.test(textOf(tree, node)))
}

/** Return whether a node is a large picture, with its caption, that the main part does not repeat. */
function isPicture(tree, measure, node, files) {
  const tag = tree.tag[node]
  if (tree.gone[node] || !PICTURES[tag] || tree.marks[node] & NO_LEAD || measure.length(node) > LONGEST_CAPTION) return false
  const image = tag === ID.img ? node : tree.first(node, ID.img)
  if (image < 0 || !isLarge(tree, image) || OF_PERSON.test(`${tree.get(image, ATTRIBUTE.class)} ${tree.get(image, ATTRIBUTE.alt)}`)) return false
  return !files.includes(fileOf(sourceOf(tree, image)))
}

/** The files of the first pictures of the main part, which are read once for all pictures above it. */
class FirstFiles {
  constructor(tree, main) {
    this.tree = tree
    this.main = main
    /** @type {string[] | null} */
    this.files = null
  }

  includes(file) {
    const { tree, main } = this
    const files = this.files ?? tree.all(main, ID.img).slice(0, MOST_PICTURES).map((image) => fileOf(sourceOf(tree, image)))
    this.files = files
    return files.includes(file)
  }
}

function isLarge(tree, image) {
  return [ATTRIBUTE.width, ATTRIBUTE.height].every((name) => !(Number.parseInt(tree.get(image, name), 10) < SMALLEST_PICTURE))
}

function fileOf(address) {
  return address.replace(/[?#][^]*$/, '').replace(/^.*\//, '')
}

/** Return whether the children of a block may contain the picture. */
function isWrapper(tree, node) {
  return !tree.gone[node] && WRAPPERS[tree.tag[node]] === 1 && !(tree.marks[node] & NO_LEAD) && tree.first(node, ID.img) >= 0
}

/** Return whether the title begins with a heading, or the heading with the first part of the title. */
function beginsAlike(whole, heading) {
  const first = whole.split(TITLE_PARTS)[0].trim()
  const lower = heading.toLowerCase()
  return !first || lower.startsWith(first) || whole.startsWith(lower)
}

/** Return whether a title contains most words of a heading. */
function sharesWords(title, heading) {
  const own = wordsOf(heading)
  if (own.size < 2) return false
  const others = wordsOf(title)
  return [...own].filter((word) => others.has(word)).length >= COMMON_WORDS * own.size
}

function wordsOf(text) {
  return new Set((text.toLowerCase().match(WORD) ?? []))
}
