// Find the main part of a page and remove noise from it.
import { ARTICLE, MAIN } from './marks.mjs'
import { belowMain } from './below_main.mjs'
import { extentOfText, holdsTitle, isNamedByAccident, isOfSection, isPartOfCode } from './accidental.mjs'
import { hasPostsAsComments, isLongDiscussion, proseWithoutComments } from './comments.mjs'
import { mostBeside } from './contents.mjs'
import { leaveOutControls, leaveOutMore } from './controls.mjs'
import { beforeMain } from './heading.mjs'
import { children, holds, outermost, textOf } from './measure.mjs'
import { ALWAYS, BESIDE, COMMENTS, CONTENT, CONTENTS, LINE, OFFER, OF_LINKS, OUTSIDE, RELATED, TITLED } from './names.mjs'
import { leaveOutCounts, leaveOutEmptied } from './leftovers.mjs'
import { leaveOutNoise } from './noise.mjs'
import { areSections, hasSectionsBeside, isInArticle, withSteps } from './sections.mjs'
import { withOtherPosts } from './posters.mjs'
import { leaveOutSigns } from './signs.mjs'
import { isMenu, isRowOfLinks, leaveOutWalks } from './walks.mjs'
import { MarkdownWriter } from './markdown.mjs'
import { leaveOutPrices, leaveOutTitles } from './shops.mjs'
import { leaveOutRepeats } from './repeats.mjs'
import { isNotice } from './reports.mjs'
import { NEAR_EMPTY, isShell, isShortText } from './shell.mjs'
import { ID, HEADING, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

/**
 * Minimum characters of a paragraph of prose, and of all such paragraphs in a footer that contains the text of the
 * page.
 */
const LONG_PARAGRAPH = 80
/** A link to the source of what a heading names. */
const BRACKETED = /^\[.*\]$/
const LONG_FOOTER = 400
/** Share of links up to which a part with the name of a menu is text. */
const FEW_LINKS = 0.15
/** Share of a page's prose below which an element that is marked as the main part is not accepted. */
const SMALLEST_MAIN = 0.3
/** Share of links in a small main part from which it is a list of links beside the text. */
const MOST_LINKED = 0.5
/** Minimum share of a page's text in its only article, and on a page of a forum. */
const SMALLEST_ARTICLE = 0.3
const SMALLEST_THREAD = 0.8
/** Minimum share of the prose in one of several articles that is the text of the page. */
const MAIN_ARTICLE = 0.55
/**
 * For finding the main part by its prose: minimum characters of prose, minimum share of it in the main part, maximum
 * depth.
 */
const LONG_TEXT = 1000
const NEARLY_ALL = 0.85
const MOST_LEVELS = 40
const LISTS = new Set(['listing', 'collection', 'forum'])
/** Share of the prose in parts beside the text by their names from which these names are not believed. */
const MOST_TEXT = 0.6
/** Share of links up to which such a part is text. */
const MOST_MENU = 0.6
/** Number of candidates for the main part that are compared. */
const MOST_CANDIDATES = 50

const FRAME_TAGS = ids('aside', 'footer', 'header')
const NEVER_FRAME = ids('#page', 'code', 'dt', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'pre', 'tbody', 'tr')
const FEWEST_PICTURES = 3
const MOST_EXAMINED = 50
const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
const LETTER = /\p{L}/u
const SMALL = ids('a', 'b', 'em', 'i', 'small', 'span', 'strong', 'sup')
const PICTURES = ids('img')
const ITEMS = ids('li')
const ENLARGES = /(?:^|[\s_-])(?:popup|lightbox|modal|overlay)(?:$|[\s_-])/i
const CODE = ids('code', 'kbd', 'pre', 'samp', 'tt')
const WRAPPERS = ids('article', 'center', 'div', 'main', 'section')
const [LEADS, LISTINGS] = [ids('h1', 'h2', 'h3', 'p'), ids('br', 'ol', 'table', 'ul')]

/** Return the main part of a page as Markdown. The tree is modified.
 *
 * @param {import('./tree.mjs').Tree} tree The page without its invisible parts.
 * @param {import('./measure.mjs').Measure} measure Its lengths.
 * @param {import('./page_type.mjs').PageType} pageType
 * @param {string} origin Base address of the links.
 */
export function mainPart(tree, measure, pageType, origin) {
  return new Page(tree, measure, pageType, origin).markdown()
}

class Page {
  constructor(tree, measure, pageType, origin) {
    this.origin = origin
    this.tree = tree
    this.measure = measure
    this.pageType = pageType
    this.examined = 0
    this.plain = new Map()
  }

  markdown() {
    const { tree, measure, pageType } = this
    let main = this.choose()
    let before = main === 0 ? [] : beforeMain(tree, measure, main, pageType)
    let below = belowMain(tree, measure, main, pageType)
    let isMarked = tree.tag[main] === ID.main || tree.tag[main] === ID.article
      || (main !== 0 && (tree.has(main, ATTRIBUTE.role) || tree.has(main, ATTRIBUTE.itemprop)))
    if (main !== 0 && isShell(measure, main) && !isShortText(tree, measure, main, this.otherProse(main))) {
      main = 0
      before = []
      below = []
      isMarked = false
    }
    this.dropFrame(main, isMarked)
    leaveOutSigns(tree, measure, main)
    measure.take(tree, main)
    leaveOutNoise(tree, measure, main, pageType)
    leaveOutCounts(tree, measure, main)
    leaveOutRepeats(tree, measure, main)
    leaveOutTitles(tree, measure, main)
    leaveOutPrices(tree, main)
    leaveOutControls(tree, measure, main)
    measure.take(tree, main)
    if (!isMarked) {
      this.dropColumns(main)
      leaveOutWalks(tree, measure, main, pageType)
      measure.take(tree, main)
    }
    leaveOutEmptied(tree, measure, main)
    leaveOutMore(tree, measure, main)
    tree.main = main
    const writer = new MarkdownWriter(tree, measure, this.origin)
    for (const top of [...before, main, ...below]) {
      measure.take(tree, top)
      writer.write(top)
    }
    return writer.finish()
  }

  choose() {
    const { tree, measure } = this
    const marked = this.marked()
    if (marked.length) {
      const main = this.longest(marked)
      // The marked main part may be a teaser box beside the article.
      if (this.isTooSmall(main)) return this.together(main, this.chooseUnmarked())
      const inner = this.isOneText() ? this.mainArticle(outermost(tree, tree.all(main, ID.article)), main)
        : this.onlyArticle(outermost(tree, tree.all(main, ID.article)), main)
      return inner < 0 ? main : withSteps(tree, measure, inner, main)
    }
    return this.chooseUnmarked()
  }

  /**
   * Return the part to write if an element is marked as the main part and most prose is in another part: both, unless
   * the other part is marked or named as text.
   */
  together(main, other) {
    const { tree } = this
    const isMarked = tree.tag[other] === ID.article || tree.marks[other] & (ARTICLE | CONTENT)
    if (isMarked || this.measure.linkShare(main) > MOST_LINKED) return other
    let node = other
    while (tree.end[node] <= main || node > main) node = tree.parent[node]
    return node
  }

  chooseUnmarked() {
    const { tree, measure } = this
    const articles = outermost(tree, this.articles())
    // A post of a forum may be marked as an article, while its answers are not.
    const least = this.pageType === 'forum' ? SMALLEST_THREAD : SMALLEST_ARTICLE
    if (articles.length === 1 && measure.length(articles[0]) >= least * measure.length(0)) return withSteps(tree, measure, articles[0], 0)
    if (this.isOneText()) {
      const article = this.mainArticle(articles, 0)
      if (article >= 0) return withSteps(tree, measure, article, 0)
      const named = articles.length ? 0 : this.byName()
      return named === 0 ? this.byProse() : named
    }
    return articles.length ? 0 : this.byName()
  }

  /** Return whether a page is one text with noise around it, and not a list of items. */
  isOneText() {
    return this.pageType === 'article' || this.pageType === 'documentation' || this.pageType === 'product'
  }

  isTooSmall(main) {
    const { tree, measure } = this
    if (LISTS.has(this.pageType) || tree.first(main, ID.h1) >= 0) return false
    return measure.prose(main) < SMALLEST_MAIN * (measure.prose(main) + this.otherProse(main))
  }

  otherProse(main) {
    return this.measure.prose(0) - this.measure.prose(main) - this.framedProse(main)
  }

  /** Return the length of prose outside of a part that is in dialogs, footers and similar elements. */
  framedProse(main) {
    const { tree, measure } = this
    const mask = ALWAYS | OUTSIDE | COMMENTS | RELATED | OFFER | BESIDE
    const framed = tree.toldBelow(0, (node) => tree.marks[node] & mask || FRAME_TAGS[tree.tag[node]])
    return outermost(tree, framed).filter((node) => !(node <= main && main < tree.end[node]) && !(main <= node && node < tree.end[main]))
      .reduce((sum, node) => sum + measure.prose(node), 0)
  }

  /** Return the only article in a part that contains at least half of the part's text, or -1. */
  onlyArticle(articles, part) {
    const { measure } = this
    return articles.length === 1 && measure.length(articles[0]) >= 0.5 * measure.length(part) ? articles[0] : -1
  }

  /** Return the article with most of the prose, or with half of it and the heading of the page; else -1. */
  mainArticle(articles, part) {
    const { tree, measure } = this
    if (!articles.length || (this.pageType === 'documentation' && areSections(tree, measure, articles))) return -1
    const best = articles.reduce((one, other) => (measure.prose(other) > measure.prose(one) ? other : one))
    const share = measure.prose(best) / Math.max(1, measure.prose(part))
    if (share >= (articles.length === 1 ? 0.5 : MAIN_ARTICLE)) return best
    return share >= 0.35 && tree.first(best, ID.h1) >= 0 ? best : -1
  }

  /** Descend from the page while one block contains nearly all of its prose; return that block. */
  byProse() {
    const { tree, measure } = this
    const proseOf = this.pageType === 'article' ? proseWithoutComments(tree, measure) : (node) => measure.prose(node)
    const whole = proseOf(0)
    if (whole < LONG_TEXT) return 0
    let node = 0
    for (let level = 0; level < MOST_LEVELS; level++) {
      const next = children(tree, node).find((child) => WRAPPERS[tree.tag[child]] && proseOf(child) >= NEARLY_ALL * whole)
      if (next === undefined) break
      // The details of a product are short texts beside its description, as are the members beside that of a class.
      if ((this.pageType === 'product' || this.pageType === 'documentation') && measure.prose(node) - measure.prose(next) > LONG_TEXT) break
      if (hasSectionsBeside(tree, measure, next, this.pageType)) break
      node = next
    }
    return node
  }

  marked() {
    const { tree } = this
    const found = tree.all(0, ID.main)
    return tree.says & MAIN ? found.concat(tree.toldBelow(0, (node) => tree.marks[node] & MAIN)) : found
  }

  articles() {
    const { tree } = this
    if (!(tree.says & ARTICLE)) return tree.all(0, ID.article)
    return tree.toldBelow(0, (node) => tree.marks[node] & ARTICLE || tree.tag[node] === ID.article)
  }

  byName() {
    const { tree, measure } = this
    if (!(tree.says & CONTENT)) return 0
    const candidates = tree.toldBelow(0, (node) => tree.marks[node] & CONTENT).slice(0, MOST_CANDIDATES)
    const most = Math.max(0, ...candidates.map((node) => measure.prose(node)))
    if (!candidates.length || most < 0.4 * measure.prose(0)) return 0
    // The innermost block with all of it, because only links are around it.
    const best = candidates.findLast((node) => measure.prose(node) >= 0.9 * most)
    return this.pageType === 'forum' ? withOtherPosts(tree, candidates, best) : best
  }

  longest(nodes) {
    return nodes.reduce((best, node) => (this.measure.length(node) > this.measure.length(best) ? node : best))
  }

  dropFrame(main, isMarked) {
    const { tree, measure } = this
    const mask = (isMarked ? ALWAYS : ALWAYS | OUTSIDE) | (hasPostsAsComments(tree, measure, main, this.pageType) ? 0 : COMMENTS)
    const whole = measure.length(main)
    const text = extentOfText(tree, measure, main)
    let doomed = tree.toldBelow(main, (node) => {
      const tag = tree.tag[node]
      return (tree.marks[node] & mask || tag === ID.footer || (FRAME_TAGS[tag] && !this.isOfItem(node) && (!isMarked || isMenu(tree, measure, node))))
        && !this.isKept(node, whole) && !isOfSection(tree, measure, node, text, this.pageType)
    })
    const left = whole - this.lengthOf(doomed)
    const contents = doomed.filter((node) => tree.marks[node] & CONTENTS)
    if (left < mostBeside(tree, contents) && this.lengthOf(contents) > left) {
      // A page that is a table of contents.
      doomed = doomed.filter((node) => !(tree.marks[node] & CONTENTS))
    } else if (left < NEAR_EMPTY && whole - left > 3 * left) {
      // Nothing would remain, so the class names are misleading.
      doomed = doomed.filter((node) => (tree.tag[node] === ID.footer ? !this.holdsText(node)
        : measure.linkShare(node) < 0.9 || tree.tag[node] === ID.a))
      for (const node of doomed) if (tree.tag[node] === ID.footer) tree.leaveOut(node)
      if (whole - this.lengthOf(doomed) < NEAR_EMPTY / 4) return
    }
    // A content management system may name all parts of the text as widgets.
    const misleading = doomed.filter((node) => tree.marks[node] & OUTSIDE && !(tree.marks[node] & (ALWAYS | COMMENTS)) && !FRAME_TAGS[tree.tag[node]])
    if (outermost(tree, misleading).reduce((sum, node) => sum + measure.prose(node), 0) > MOST_TEXT * measure.prose(main)) {
      const names = new Set(misleading)
      doomed = doomed.filter((node) => !names.has(node) || (measure.linkShare(node) > MOST_MENU && !isItem(tree, node)))
    }
    for (const node of doomed) tree.leaveOut(node)
  }

  /** Return whether a header belongs to an article, not to the page. */
  isOfItem(node) {
    return this.tree.tag[node] === ID.header && this.pageType !== 'forum' && isInArticle(this.tree, node)
  }

  /** Return whether a small part in a list of articles states how many comments an article has, in words. */
  isCountOfItem(node) {
    const { tree } = this
    return this.pageType === 'listing' && (tree.marks[node] & (ALWAYS | COMMENTS)) === COMMENTS && LETTER.test(textOf(tree, node))
  }

  /** Return whether a footer is in one of several articles of a list, where it states the author and the date. */
  isFooterOfItem(node) {
    return this.pageType === 'listing' && isInArticle(this.tree, node)
  }

  /** Return whether a footer contains paragraphs of prose, that is, text in the wrong element. */
  holdsText(node) {
    return this.measure.longParagraphs(node).reduce((sum, one) => sum + this.measure.prose(one), 0) > LONG_FOOTER
  }

  /** Return the total length of nodes (in the order of the source); nested nodes are counted once. */
  lengthOf(nodes) {
    let length = 0
    let end = 0
    for (const node of nodes) {
      if (node < end) continue
      length += this.measure.length(node)
      end = this.tree.end[node]
    }
    return length
  }

  /** Return whether a part is kept although its name marks it as noise; `whole` is the length of the whole text. */
  isKept(node, whole) {
    const { tree, measure } = this
    const tag = tree.tag[node]
    if (NEVER_FRAME[tag] || tree.first(node, ID.main) >= 0) return true
    if (SMALL[tag]) return this.isKeptSmall(node) || this.isCountOfItem(node)
    if (isPartOfCode(tree, node) || this.isProse(node) || this.isOfPictures(node)) return true
    if (this.pageType === 'documentation' && isNamedByAccident(tree, measure, node, this.plain)) return true
    const share = measure.linkShare(node)
    if (tag === ID.table) return !(this.pageType === 'documentation' && isRowOfLinks(tree, measure, node)) && (share < 0.6 || tree.first(node, ID.th) >= 0)
    if (tag === ID.footer) return tree.tag[tree.parent[node]] === ID.blockquote || this.isFooterOfItem(node)
    // A box in the text.
    if (tree.says & TITLED && tree.isToldWithin(node, TITLED)) return true
    if (measure.length(node) > 0.5 * whole && share < 0.6) return !isLongDiscussion(tree, measure, node, this.pageType)
    return share < 0.5 && (tree.first(node, ID.h1) >= 0 || holdsTitle(tree, node)) && tree.first(node, ID.form) < 0
  }

  /** Return whether a part contains paragraphs of prose and nothing to operate, so that its name is accidental. */
  isProse(node) {
    const { tree, measure } = this
    if (!(tree.marks[node] & OF_LINKS) || measure.linkShare(node) > FEW_LINKS || measure.prose(node) < LONG_PARAGRAPH) return false
    if (!measure.mayRead(node) || tree.first(node, ID.form) >= 0 || isNotice(tree, measure, node)) return false
    const isSection = tree.tag[node] !== ID.aside && !(tree.marks[node] & CONTENTS) && holds(tree, node, HEADINGS) && holds(tree, node, ITEMS)
    if (!isSection && !measure.longParagraphs(node).length) return false
    const buttons = tree.lists[ID.button]
    return !(buttons[countBelow(buttons, buttons.length, node)] < tree.end[node])
  }

  /** Return whether a part consists of links with pictures below a heading, as the categories of a shop do. */
  isOfPictures(node) {
    const { tree } = this
    // Each examination may read the whole part, and parts may be nested, so their number is limited.
    if (this.pageType !== 'collection' || !(tree.marks[node] & OF_LINKS) || this.examined++ > MOST_EXAMINED) return false
    return holds(tree, node, HEADINGS) && tree.countOf(node, ID.img) >= FEWEST_PICTURES
  }

  isKeptSmall(node) {
    const { tree } = this
    // A link that enlarges the picture in it is named after the box that shows it.
    if (tree.tag[node] === ID.a && holds(tree, node, PICTURES) && ENLARGES.test(tree.get(node, ATTRIBUTE.class))) return true
    let inHeading = false
    for (let above = tree.parent[node]; above >= 0; above = tree.parent[above]) {
      // Highlighters call comments `comment`.
      if (CODE[tree.tag[above]] || (tree.marks[above] & LINE && tree.tag[node] === ID.span)) return !tree.get(node, ATTRIBUTE.class).includes('line')
      inHeading ||= Boolean(PROPERTIES[tree.tag[above]] & HEADING)
    }
    // mdBook's `a.header` is the heading itself.
    const text = inHeading && tree.tag[node] === ID.a ? textOf(tree, node) : ''
    return text.length > 3 && !BRACKETED.test(text)
  }

  /** Remove the columns of links of pages with a table layout. */
  dropColumns(main) {
    const { tree, measure } = this
    for (const row of tree.all(main, ID.tr)) {
      const cells = children(tree, row).filter((node) => tree.tag[node] === ID.td)
      if (cells.length < 2) continue
      const longest = this.longest(cells)
      if (measure.linkShare(longest) > 0.5) continue
      const columns = cells.filter((cell) => cell !== longest && measure.linkShare(cell) > 0.6
        && measure.length(cell) < measure.length(longest) && holds(tree, cell, LISTINGS))
      if (columns.length && holds(tree, row, LEADS)) for (const cell of columns) tree.leaveOut(cell)
    }
  }

}

/** Return whether a node is an item of a list and contains no list. */
function isItem(tree, node) {
  return tree.tag[node] === ID.li && tree.first(node, ID.ul) < 0 && tree.first(node, ID.ol) < 0
}
