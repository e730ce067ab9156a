// The heading and the lead of a page, if they are before its main part.
import { resolved, textOf } from './measure.mjs'
import { ALWAYS, AUTHOR, BESIDE, COMMENTS, CONTENTS, FILED, OFFER, OUTSIDE, RELATED } from './names.mjs'
import { ID, ids } from './tags.mjs'

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

const LEAD_TAGS = ids('blockquote', 'div', 'h2', 'p', 'section')
const NO_LEAD = ALWAYS | AUTHOR | BESIDE | COMMENTS | CONTENTS | FILED | OFFER | OUTSIDE | RELATED
const TITLE_PARTS = /(?<!\s)\s+[|\-\u2013\u2014·•»«:]{1,2}\s+|(?:(?<!\s)\s+)?[|·•»]\s+/
const WORD = /[\p{L}\p{N}]+/gu

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
  if (tree.first(main, ID.h1) >= 0) return []
  const heading = pageHeading(tree, measure, main)
  if (heading < 0) return []
  return WITHOUT_LEAD.has(pageType) ? [heading] : [heading, ...leadBetween(tree, measure, heading, main)]
}

/** Return the first heading that reads like the title of the page, or else the only one before the main part; or -1. */
function pageHeading(tree, measure, main) {
  const headings = tree.all(0, ID.h1).filter((node) => measure.length(node) > 0).slice(0, MOST_HEADINGS)
  const titles = headings.map((node) => textOf(tree, node))
  for (const fits of [beginsAlike, sharesWords]) {
    const at = titles.findIndex((title) => fits(tree.title, title))
    if (at >= 0) return headings[at]
  }
  const isOnly = headings.length === 1 && headings[0] < main && measure.linked(headings[0]) === 0
  // A single word is most often the name of the site.
  return isOnly && titles[0].includes(' ') ? headings[0] : -1
}

/** Return the prose between the heading and the main part, where many newspapers place the lead. */
function leadBetween(tree, measure, heading, main) {
  const found = []
  let length = 0
  for (let node = tree.end[heading]; node < main;) {
    if (main < tree.end[node] && !tree.gone[node]) {
      node++
      continue
    }
    if (isLead(tree, measure, node)) {
      found.push(node)
      length += measure.length(node)
    }
    node = tree.end[node]
  }
  return length > LONGEST_LEAD ? [] : found
}

function isLead(tree, measure, node) {
  if (tree.gone[node] || !LEAD_TAGS[tree.tag[node]] || tree.marks[node] & NO_LEAD) return false
  return measure.prose(node) >= SHORTEST_LEAD && measure.linkShare(node) < 0.2 && tree.first(node, ID.form) < 0
}

/** Return whether the title begins with a heading, or the heading with the first part of the title. */
function beginsAlike(title, heading) {
  const whole = resolved(title.slice(0, LONGEST_TITLE)).trim().replace(/\s+/g, ' ').toLowerCase()
  const first = whole.split(TITLE_PARTS)[0].trim()
  const lower = heading.toLowerCase()
  return !first || lower.startsWith(first) || whole.startsWith(lower)
}

/** Return whether a title contains most words of a heading. */
function sharesWords(title, heading) {
  const own = wordsOf(heading)
  if (own.size < 2) return false
  const others = wordsOf(resolved(title.slice(0, LONGEST_TITLE)))
  return [...own].filter((word) => others.has(word)).length >= COMMON_WORDS * own.size
}

function wordsOf(text) {
  return new Set((text.toLowerCase().match(WORD) ?? []))
}
