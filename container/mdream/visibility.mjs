// Leave out the parts of a page that readers can neither see nor open, before the main part is chosen.
import { keepOpenedDialogs } from './dialogs.mjs'
import { isNumbers, leaveOutNumberedLines } from './line_numbers.mjs'
import { HIDDEN_STYLE } from './marks.mjs'
import { leaveOutRendered } from './math.mjs'
import { Holdings, holds, nextOf, previousOf, textOf } from './measure.mjs'
import { CLOSED, DROPPED, FOLDED, GUTTER, HIDDEN, PANEL, TAB, TABS } from './names.mjs'
import { labelAnswers, labelOpened, labelPanels, leaveOutTabs } from './panels.mjs'
import { readSlots } from './slots.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { leaveOutToolbars } from './toolbars.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Characters of a page below which its navigation may be its only content. */
const NEAR_EMPTY = 200
/** Minimum share of the page's text in a hidden wrapper that scripts show. */
const WRAPPER = 0.5
const NUMBER_SIGN = 35
/** Minimum characters outside of links in a wrapper. */
const SOME_PROSE = 100
/** Minimum characters outside of links in a folded part of a line. */
const SOME_WORDS = 20
const MOST_TARGETS = 2000
/** Nodes of an element that opens a part. */
const LARGEST_TRIGGER = 20
/** Minimum characters of a link or a paragraph that is a text, not a title. */
const LONG_LINK = 80
/** Elements for navigation that are compared with the headings of the main part around them. */
const MOST_COMPARED = 20
/** Share of links up to which an element for navigation is text. */
const FEW_LINKS = 0.15

// React and Next send late parts of a page in containers with these IDs, and move them by script.
const STREAMED = /^S:[0-9a-f]+$/
/** Attributes that name the part that an element opens, by their numbers. */
const TARGETING = new Uint8Array(256)
for (const name of [
  'href', 'aria-controls', 'commandfor', 'data-accordion-target', 'data-bs-target', 'data-collapse-toggle', 'data-definition', 'data-modal-target',
  'data-open', 'data-tabs-target', 'data-target', 'data-toggle', 'popovertarget',
]) TARGETING[ATTRIBUTE[name]] = 1
/** The ID of a dialog that a script of an element shows. */
const SHOWS = /(?:^|[^\w-])([a-z_][\w-]{0,60})['"]?\)?\.show(?:Modal|Popover)?\(/i
const LONGEST_SCRIPT = 300
const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
const TITLES = ids('dt', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'summary')
const SENTENCES = ids('dd', 'li', 'p', 'td')
const TITLE_TAGS = [ID.h1, ID.h2, ID.h3, ID.h4, ID.h5, ID.h6]
const FORMULAS = ids('math')
const IMAGES = ids('img')
const PARAGRAPHS = ids('p')
const BLOCKS = ids('p', 'pre')
const CELLS = ids('td', 'th')
const CHANGES = ids('del', 'ins', 's')
const SPOKEN = /(?:^|\s)(?:sr-only|screen-?reader(?:s|-text|-only)?|visually-?hidden)(?:\s|$)/i
const INLINE_ONLY = ids('a', 'b', 'em', 'i', 'small', 'span', 'strong', 'sup')
const SENTENCE = /[.!?。！？]$/
/** Names of the rest of a paragraph that readers open. */
const REST = /(?:^|[\s_-])(?:more|rest|full|expand(?:ed|able)?|readmore|hidden-?text|toggle-?text)(?:$|[\s_-])/i
const TOOL = /^\W*(?:copy\b.{0,40}|(?:share|edit|bookmark|anchor)(?: (?:the |this )?(?:link|section|url|heading|anchor))?|link|permalink)\W*$/i
const KATEX = /(?:^|\s)katex-html(?:\s|$)/
const { class: CLASS, id: IDENTITY, hidden: IS_HIDDEN, style: STYLE } = ATTRIBUTE

/** Leave out the parts of a page that no reader sees.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Afterwards, it contains the lengths of the remaining parts.
 */
export function leaveOutUnseen(tree, measure) {
  const hasTabs = Boolean(tree.says & (PANEL | TAB | TABS))
  if (hasTabs) labelPanels(tree)
  measure.take(tree)
  const whole = measure.length(0)
  const hasDialogs = Boolean(tree.says & CLOSED) || tree.lists[ID.dialog].length > 0
  const targets = hasDialogs || tree.says & HIDDEN ? openersOf(tree) : new Map()
  readSlots(tree, measure)
  labelAnswers(tree, measure)
  if (hasDialogs) keepOpenedDialogs(tree, measure, targets)
  const formulas = new Holdings(tree, FORMULAS)
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    if (tree.gone[node]) continue
    const marks = tree.marks[node]
    if ((marks & DROPPED && !isSignOfCell(tree, measure, node)) || (marks & GUTTER && isNumbers(tree, node)) || (marks & HIDDEN && !isSpokenOnce(tree, measure, node) && !isFoldedText(tree, measure, node, whole, targets, formulas))) tree.leaveOut(node)
  }
  labelOpened(tree)
  leaveOutNumberedLines(tree)
  for (const node of tree.lists[ID.button]) if (!tree.gone[node] && (isTool(tree, measure, node) || !isTitle(tree, node)) && !isInSentence(tree, node) && !isLinkLabel(tree, measure, node) && !isPicture(tree, measure, node)) tree.leaveOut(node)
  for (const node of tree.lists[ID.dialog]) if (!tree.gone[node]) tree.leaveOut(node)
  leaveOutToolbars(tree)
  leaveOutRendered(tree)
  if (hasTabs) leaveOutTabs(tree, measure)
  measure.take(tree)
  const bars = tree.lists[ID.nav].filter((node) => !tree.gone[node] && !isText(measure, node))
  const rest = bars.reduce((length, node) => length - measure.length(node), measure.length(0))
  if (rest < NEAR_EMPTY && measure.length(0) > 3 * rest) return
  let compared = 0
  for (const node of bars) {
    const main = mainAround(tree, measure, node)
    // Each comparison may read all headings, and bars may be nested, so their number is limited.
    if (main === 0 || compared++ >= MOST_COMPARED || !isAllOfMain(tree, measure, node, main)) tree.leaveOut(node)
  }
  if (bars.length) measure.take(tree)
}

/** Return whether an element for navigation contains prose with next to no links, such as an answer that a click shows. */
function isText(measure, node) {
  if (!measure.linked(node) && measure.prose(node) >= SOME_WORDS && holds(measure.tree, node, PARAGRAPHS)) {
    return SENTENCE.test(textOf(measure.tree, node))
  }
  return measure.prose(node) >= LONG_LINK && measure.linkShare(node) < FEW_LINKS && measure.longParagraphs(node).length > 0
}

/** Return the main part around an element for navigation, if it contains hardly anything else; or 0. */
function mainAround(tree, measure, node) {
  if (!measure.length(node)) return 0
  let main = tree.parent[node]
  while (main > 0 && tree.tag[main] !== ID.main) main = tree.parent[main]
  return main > 0 && measure.length(main) - measure.length(node) <= LONG_LINK ? main : 0
}

/** Return whether an element for navigation is, besides headings, the only content of the main part, as in a table of contents. */
function isAllOfMain(tree, measure, node, main) {
  const titles = TITLE_TAGS.flatMap((tag) => tree.all(main, tag))
  const titled = titles.reduce((length, title) => length + (title > node && title < tree.end[node] ? 0 : measure.length(title)), 0)
  return measure.length(main) - measure.length(node) === titled
}

/** Return whether a part is the only content of a cell of a table, such as an icon that says yes. */
function isSignOfCell(tree, measure, node) {
  const above = tree.parent[node]
  return CELLS[tree.tag[node]] === 1 || (CELLS[tree.tag[above]] === 1 && measure.length(above) === measure.length(node))
}

/** Return the elements that open parts of a page, by the IDs of these parts. @returns {Map<string, number>} */
function openersOf(tree) {
  const found = new Map()
  for (let node = 0; node < tree.count && found.size < MOST_TARGETS; node++) {
    const end = tree.endOfAttributes[node]
    for (let place = tree.firstAttribute[node]; place < end; place++) {
      const name = tree.attributeName[place]
      if (name === ATTRIBUTE.onclick) {
        const shown = SHOWS.exec(tree.value(place).slice(0, LONGEST_SCRIPT))
        if (shown) addTarget(found, shown[1], node)
      }
      if (!TARGETING[name] || (name === ATTRIBUTE.href && tree.codes[tree.attributeFrom[place]] !== NUMBER_SIGN)) continue
      for (const target of tree.value(place).split(/\s+/, MOST_TARGETS)) {
        addTarget(found, target.replace(/^#/, ''), node)
      }
    }
  }
  return found
}

function addTarget(found, identity, node) {
  if (!found.has(identity) && found.size < MOST_TARGETS) found.set(identity, node)
}

/**
 * Return whether a part is visible and only screen readers skip it: a price that they read in other words, or a link
 * because the title of its card leads to the same page. Such a link is kept if it is longer than a title.
 */
function isSpokenOnce(tree, measure, node) {
  const tag = tree.tag[node]
  if (tag === ID.a ? measure.length(node) < LONG_LINK : !CHANGES[tag] && !isSpokenPrice(tree, measure, node)) return false
  if (tree.has(node, IS_HIDDEN)) return false
  return tree.get(node, ATTRIBUTE['aria-hidden']) === 'true' && !HIDDEN_STYLE.test(tree.get(node, STYLE))
}

/** Return whether a part with a number precedes other words for it, which only screen readers read. */
function isSpokenPrice(tree, measure, node) {
  if (tree.tag[node] !== ID.span || !measure.length(node)) return false
  const next = nextOf(tree, node)
  return next > 0 && SPOKEN.test(tree.get(next, CLASS)) && /\d/.test(textOf(tree, node)) && /\d/.test(textOf(tree, next))
}

/** Return whether a hidden part is text that readers can open or that scripts show. */
function isFoldedText(tree, measure, node, whole, targets, formulas) {
  const tag = tree.tag[node]
  // The formula of a displayed image is hidden with a style.
  if (holds(tree, node, FORMULAS) && tree.has(node, STYLE)) return true
  // KaTeX without MathML has only the hidden part for the eye.
  if (tag === ID.span && KATEX.test(tree.get(node, CLASS))) return !formulas.isIn(tree.parent[node])
  const marks = tree.marks[node]
  if (!measure.length(node)) return false
  // The rest of a paragraph behind "Read more".
  if (INLINE_ONLY[tag]) return tag === ID.span && measure.prose(node) >= SOME_WORDS && isRest(tree, node)
  const identity = tree.get(node, IDENTITY)
  if (STREAMED.test(identity) && tree.has(node, IS_HIDDEN)) return true
  if (measure.prose(node) > SOME_PROSE && measure.length(node) > WRAPPER * Math.min(whole, lengthAround(tree, measure, node)) && measure.linkShare(node) < 0.6) return true
  if (marks & CLOSED || !(marks & FOLDED || tree.tag[tree.parent[node]] === ID.details || targets.has(identity) || isBelowTrigger(tree, measure, node) || isInFolded(tree, node))) return false
  return Boolean(marks & PANEL) || measure.linkShare(node) < 0.5
}

/** Return the length of the main element or the article around a hidden part that is not named as closed, or Infinity. */
function lengthAround(tree, measure, node) {
  let isClosed = false
  if (!measure.mayRead(node) || !holds(tree, node, SENTENCES)) return Infinity
  for (let above = node; above > 0; above = tree.parent[above]) {
    isClosed ||= Boolean(tree.marks[above] & CLOSED)
    if (tree.tag[above] === ID.main || tree.tag[above] === ID.article) return isClosed ? Infinity : measure.length(above)
  }
  return Infinity
}

/** Return whether a part follows the title in an element that can be folded, such as a callout. */
function isInFolded(tree, node) {
  const above = tree.parent[node]
  return Boolean(tree.marks[above] & FOLDED) && !(tree.marks[above] & CLOSED) && previousOf(tree, node) >= 0 && holds(tree, node, BLOCKS)
}

/** Return whether prose follows an element that opens it without naming it. */
function isBelowTrigger(tree, measure, node) {
  if (measure.prose(node) < SOME_PROSE || !holds(tree, node, PARAGRAPHS)) return false
  const before = previousOf(tree, node)
  if (before < 0) return false
  const end = Math.min(tree.end[before], before + LARGEST_TRIGGER)
  for (let inner = before; inner < end; inner++) if (tree.has(inner, ATTRIBUTE['aria-expanded'])) return true
  return false
}

/**
 * Return whether a hidden part of a line is the rest of its paragraph. If it repeats the beginning that is visible, that
 * beginning is left out.
 */
function isRest(tree, node) {
  if (!REST.test(`${tree.get(node, IDENTITY)} ${tree.get(node, CLASS)}`)) return false
  const before = previousOf(tree, node)
  if (before < 0) return true
  const teaser = textOf(tree, before).split(/…|\.{3}/, 1)[0].trimEnd()
  if (teaser.length >= SOME_WORDS && textOf(tree, node).startsWith(teaser)) tree.leaveOut(before)
  return true
}

/** Return whether a button is the title of the part that it opens. */
function isTitle(tree, node) {
  for (let above = tree.parent[node], level = 0; above > 0 && level < 3; above = tree.parent[above], level++) {
    if (TITLES[tree.tag[above]]) return true
  }
  return holds(tree, node, HEADINGS)
}

/** Return whether a button beside the text of a heading only copies a link to it, or edits what is below it. */
function isTool(tree, measure, node) {
  const above = tree.parent[node]
  return HEADINGS[tree.tag[above]] === 1 && measure.length(above) > measure.length(node) && TOOL.test(textOf(tree, node))
}

/** Return whether a button is all text of the link around it. */
function isLinkLabel(tree, measure, node) {
  const above = tree.parent[node]
  return tree.tag[above] === ID.a && tree.has(above, ATTRIBUTE.href) && measure.length(above) === measure.length(node)
}

/** Return whether a button only enlarges the picture of a figure. */
function isPicture(tree, measure, node) {
  if (measure.length(node) || !holds(tree, node, IMAGES)) return false
  const above = tree.parent[node]
  return tree.tag[above] === ID.figure || tree.tag[tree.parent[above]] === ID.figure
}

/** Return whether a button is part of a sentence: words precede it and text follows it. */
function isInSentence(tree, node) {
  const parent = tree.parent[node]
  const next = tree.end[node]
  const before = node - 1
  return SENTENCES[tree.tag[parent]] === 1 && next < tree.end[parent]
    && tree.tag[before] === 0 && tree.parent[before] === parent && tree.size[before] > (isFirstText(tree, before) ? 1 : 0)
    && tree.tag[next] === 0 && tree.size[next] > 0
}

/** Return whether a text is the first content of its parent. */
function isFirstText(tree, text) {
  return text - 1 === tree.parent[text]
}
