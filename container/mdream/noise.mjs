// Remove parts of the main part that are not text of the page: boxes with links to other pages, offers, author boxes.
//
// A name alone is never sufficient: the length of a part, its share of links and the page type are also considered.
import { leaveOutCards } from './cards.mjs'
import { leaveOutContents } from './contents.mjs'
import { LONGEST_KNOWN, Judgements } from './judgements.mjs'
import { leaveOutLines } from './lines.mjs'
import { firstOf, holds, lineOf, outermost, textOf } from './measure.mjs'
import { ALWAYS, AUTHOR, BESIDE, COMMENTS, FILED, OFFER, POST, POSTER, RELATED, REVIEWS } from './names.mjs'
import { leaveOutPosters } from './posters.mjs'
import { isNamedReport } from './reports.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Page types that consist of one text. */
const TEXTS = new Set(['article', 'documentation'])
/** Page types on which customers review products. */
const SHOPS = new Set(['collection', 'product'])
/** Page types around whose text software writes lines of its own. */
const WITH_LINES = new Set(['documentation', 'forum', 'service'])
/** Page types whose items are links. */
const LISTS = new Set(['listing', 'collection'])
/** Minimum share of links in a box that leads to other pages. */
const LINKED = 0.25
const MOSTLY_LINKS = 0.6
/** Maximum characters of each kind of box, and maximum shares of the main part. */
const LONGEST_AUTHOR = 1200
const LONGEST_OFFER = 900
const LONGEST_POSTER = 900
const LONGEST_FORM = 500
const PART = 0.4
const SMALL_PART = 0.25
const REVIEWED = 0.7
const LONGEST_TITLE = 60
/** Characters beside the title of a box from which it is the beginning of a sentence. */
const SOME_PROSE = 20
/** Minimum characters of prose in a section of the text. */
const SECTION = 70
/** The same in documentation, where manual pages name their authors. */
const SHORT_SECTION = 10
const MOST_IN_MANUAL = 2
const MOST_HEADINGS = 300
/** Nodes that are examined below all headings together, for each node of the main part. */
const MOST_BELOW = 20
const FEWEST_CARDS = 4
/** Share of the prose from which paragraphs are the text of the page. */
const MUCH_PROSE = 0.3

const BOX_TAGS = ids('#page', 'article', 'body', 'code', 'h1', 'html', 'main', 'pre', 'table', 'tbody', 'td', 'tr')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const OF_BOXES = ids('button', 'form', 'img', 'input', 'select', 'textarea')
const CODE = ids('code', 'pre')
const BLOCKS_OF_CODE = ids('pre')
const CONTROLS = ids('button', 'input', 'select', 'textarea')
const LINES = ids('li', 'p')
const PROSE = ids('p')
const QUOTATIONS = ids('blockquote')
const LABELS = ids('label', 'legend', 'option')
/** Elements whose words are names of something, such as parameters of a function, and not titles of boxes. */
const NAMES = ids('code', 'dt', 'kbd', 'pre', 'samp', 'td', 'th', 'var')
/** Elements above a title that are examined. */
const NEAR = 5

const TOPIC_TITLE = /(?:^|[\s-])title(?:\s|$)/
/** Addresses of the pages of authors. */
const PROFILE = /\/(?:authors?|contributors?|profiles?)\//i
const MORE = new RegExp(`^\\W*(?:${[
  '(?:related|similar|recommended|suggested|popular|trending|latest|recent|further|other|more|featured|top)(?: \\w+){0,2} (?:articles?|posts?|stories|reads?|reading|content|news|topics|threads|discussions|resources|products|items|links|pages|blogs?|insights|videos|guides|categories|questions|searches)',
  'related|recommended(?: for you)?|trending(?: now)?|most (?:read|popular|viewed|recent)|popular(?: now)?|latest(?: news)?|recent news',
  '(?:you|we) (?:may|might|could|think you(?:\'ll| will))(?: also)? (?:like|enjoy|love|be interested in).*|(?:read|up|watch) next|keep (?:reading|exploring)|read (?:more|also|this next)',
  'more (?:from|on|about|in|like this|stories|to (?:read|explore)|by)\\b.*|(?:customers|people|others|readers) (?:who|also) .*|explore (?:more|related).*|discover more.*|see more.*|don.t miss.*|what to read next.*|continue reading',
  'frequently bought together|recently viewed.*|sponsored|advertisement|from the web|around the web|in case you missed it|next post.*|previous post.*|share this.*',
  'verwandte .*|ähnliche .*|mehr zum thema.*|das könnte (?:sie|dich) (?:auch )?interessieren.*|weitere (?:artikel|beiträge|meldungen|themen|nachrichten).*|meistgelesen.*|auch interessant.*|lesen sie auch.*|passend zum thema',
  '(?:à|a) lire aussi.*|articles? (?:similaires?|liés|connexes|récents).*|sur le même (?:sujet|thème).*|plus d.articles.*|voir aussi.*',
  'artículos relacionados.*|noticias relacionadas.*|también te puede (?:interesar|gustar).*|más (?:noticias|leídas?|información).*|te puede interesar.*',
  'leggi anche.*|articoli (?:correlati|simili|recenti).*|potrebbe interessarti.*|potrebbero interessarti.*|lees ook.*|gerelateerd.*|leia também.*|artigos relacionados.*|powiązane.*|zobacz też.*',
].join('|')})\\W*$`, 'i')
const OFFERED = new RegExp(`^\\W*(?:${[
  '(?:subscribe|sign up|signup|join (?:our|the|us|over|\\d)|get (?:the|our|weekly|daily|free) .*(?:newsletter|updates|inbox|email)|stay (?:in touch|up to date|updated|informed|connected|in the loop)|never miss|follow us|connect with us|newsletter|(?:our|weekly|daily|free) newsletter)(?:[ !.:].*)?',
  '(?:[^.?!]{1,30}[.?!] )?share (?:this|on|the|it|your).*|sharing is caring|share|tags?|categories|category|filed under.*|topics|posted in|about the (?:authors?|reviewers?|writers?|contributors?|editors?|editorial team|blogger|columnist)|authors?|written by.*|meet (?:the|your|our) (?:authors?|writers?|testers?|editors?|contributors?)|who (?:wrote|curated|reviewed|tested) this.*|reader interactions|trackbacks?|leave a (?:reply|comment).*|post a comment.*|add a comment.*|comments?(?: \\(?\\d+\\)?)?|\\d+ (?:comments?|responses|replies|thoughts).*|join the (?:conversation|discussion).*',
  'newsletter .*|jetzt (?:anmelden|abonnieren).*|teilen|kommentare?|schlagwörter|themen|(?:über|zum|zur) (?:den|die|das)?\\s?autor(?:in|en)?.*|zur person.*|à propos de l.auteur.*|sobre (?:el|la|o|a) autora?.*|(?:sull.|l.)autore.*|over de auteur.*|об авторе.*|o autorze.*|partager.*|commentaires?|compartir.*|comentarios?|condividi.*|commenti',
].join('|')})\\W*$`, 'i')

/** What a heading announces, as bits. */
const OTHER_PAGES = 1
const AN_OFFER = 2
const ANNOUNCEMENTS = new Judgements((tree, from, to) => announcedBy(lineOf(tree.slice(from, to))))

/** Leave out parts of the main part that are not text of the page.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Its lengths before anything is left out here.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 */
export function leaveOutNoise(tree, measure, main, pageType) {
  const noise = new Noise(tree, measure, main, pageType)
  noise.byName()
  noise.forms()
  noise.byHeading()
  if (WITH_LINES.has(pageType)) leaveOutLines(tree, measure, main, pageType)
  if (pageType !== 'article') return
  leaveOutContents(tree, measure, main)
  leaveOutCards(tree, measure, main)
  leaveOutLines(tree, measure, main, pageType)
}

class Noise {
  constructor(tree, measure, main, pageType) {
    this.tree = tree
    this.measure = measure
    this.main = main
    this.pageType = pageType
    this.isText = TEXTS.has(pageType)
    this.isList = LISTS.has(pageType)
    this.whole = measure.length(main)
    this.prose = measure.prose(main)
    this.left = MOST_BELOW * (tree.end[main] - main)
  }

  byName() {
    const { tree } = this
    const kinds = RELATED | AUTHOR | OFFER | FILED | POSTER | BESIDE | REVIEWS
    if (!(tree.says & kinds) && !this.isText && this.pageType !== 'forum') return
    const found = tree.toldBelow(this.main, (node) => !BOX_TAGS[tree.tag[node]]
      && (tree.marks[node] & kinds || tree.tag[node] === ID.aside) && this.isNoise(node, tree.marks[node]))
    const kept = this.namedAsOffers(found)
    const isPoster = (node) => this.pageType === 'forum' && Boolean(tree.marks[node] & POSTER)
    leaveOutPosters(tree, this.measure, found.filter(isPoster))
    for (const node of found) if (!tree.gone[node] && !kept.has(node) && !isPoster(node)) tree.leaveOut(node)
  }

  /**
   * Return the parts that are named as offers but are not: several parts with different headings, as the cards of
   * services that a theme styles like calls to action, and paragraphs of a text that readers pay for.
   */
  namedAsOffers(found) {
    const { tree } = this
    const offers = found.filter((node) => tree.marks[node] & OFFER && !(tree.marks[node] & (RELATED | BESIDE)))
    if (!offers.length) return new Set()
    const outer = outermost(tree, offers)
    const cards = new Map()
    for (const [node, heading] of this.firstHeadings(outer)) cards.set(textOf(tree, heading), node)
    return new Set([...(cards.size < FEWEST_CARDS ? [] : this.firstHeadings(offers).keys()), ...this.withNameOfParagraphs(outer)])
  }

  /** Return the paragraphs among parts, and the parts with their names, if the paragraphs contain much of the prose. */
  withNameOfParagraphs(nodes) {
    const { tree, measure } = this
    const paragraphs = nodes.filter((node) => tree.tag[node] === ID.p)
    if (paragraphs.reduce((sum, node) => sum + measure.prose(node), 0) <= MUCH_PROSE * this.prose) return []
    const names = new Set(paragraphs.map((node) => tree.get(node, ATTRIBUTE.class)))
    return nodes.filter((node) => names.has(tree.get(node, ATTRIBUTE.class)))
  }

  /** Return the first heading of each part that has one. The parts are in the order of the source. */
  firstHeadings(nodes) {
    const { tree } = this
    const found = new Map()
    let heading = this.main
    for (const node of nodes) {
      heading = Math.max(heading, node)
      while (heading < tree.end[this.main] && !(PROPERTIES[tree.tag[heading]] & HEADING)) heading++
      if (heading < tree.end[node]) found.set(node, heading)
    }
    return found
  }

  isNoise(node, marks) {
    const { tree, measure, whole } = this
    const length = measure.length(node)
    if (marks & REVIEWS && SHOPS.has(this.pageType) && length < REVIEWED * whole && tree.first(node, ID.h1) < 0) return !isInReview(tree, node)
    if (length > PART * whole || PROPERTIES[tree.tag[node]] & HEADING || tree.first(node, ID.h1) >= 0) return false
    const share = measure.linkShare(node)
    if (marks & RELATED && !this.isList && share >= LINKED) return true
    if (this.pageType === 'forum' && length < LONGEST_POSTER && (marks & POSTER || (tree.tag[node] === ID.aside && !holds(tree, node, QUOTATIONS)))) return true
    if (this.pageType === 'forum' && marks & BESIDE && length < SMALL_PART * whole) return true
    if (marks & OFFER && length < LONGEST_OFFER && length < SMALL_PART * whole && !this.isList && !isNamedReport(tree, measure, node)) return true
    if (!this.isText) return false
    if (marks & AUTHOR && length < LONGEST_AUTHOR && length < SMALL_PART * whole) return true
    if (marks & FILED && share > MOSTLY_LINKS) return true
    if (marks & BESIDE && share >= LINKED) return true
    return tree.tag[node] === ID.aside && share >= LINKED && !this.isTopic(node)
  }

  /** Return whether an `aside` of documentation begins with a title that is no heading, as the topics of docutils do. */
  isTopic(node) {
    const { tree } = this
    const title = firstOf(tree, node)
    return this.pageType === 'documentation' && title >= 0 && tree.tag[title] === ID.p && TOPIC_TITLE.test(tree.get(title, ATTRIBUTE.class))
  }

  /** Leave out forms, because labels without fields have no meaning. A form that encloses text is kept. */
  forms() {
    const { tree, measure } = this
    for (const form of tree.all(this.main, ID.form)) {
      const length = measure.length(form) - this.lengthOfLabels(form)
      if (length > LONGEST_FORM || length > SMALL_PART * this.whole) continue
      if (holdsAnyway(tree, form, CONTROLS) && !holds(tree, form, PROSE)) tree.leaveOut(form)
    }
  }

  /** Return the length of the labels in a form. */
  lengthOfLabels(form) {
    const { tree, measure } = this
    let length = 0
    for (let node = form + 1; node < tree.end[form];) {
      const isLabel = LABELS[tree.tag[node]] === 1
      if (isLabel && !tree.gone[node]) length += measure.length(node)
      node = isLabel || tree.gone[node] ? tree.end[node] : node + 1
    }
    return length
  }

  /** Leave out the content under headings that announce other pages, offers or comments. */
  byHeading() {
    const { tree } = this
    let seen = 0
    for (let node = this.main + 1; node < tree.end[this.main] && seen < MOST_HEADINGS; node++) {
      if (tree.gone[node] || CODE[tree.tag[node]]) {
        node = tree.end[node] - 1
        continue
      }
      if (!this.isHeading(node)) continue
      seen++
      const announced = announcement(tree, node)
      const isMore = Boolean(announced & OTHER_PAGES)
      if (!isMore && !(this.isText && announced & AN_OFFER)) continue
      // A box may contain more than the content under one of its headings.
      const nodes = [this.boxOf(node), this.under(node)].find((one) => one.length && this.isPromised(one, isMore))
      if (!isMore && nodes && (PROPERTIES[tree.tag[node]] & HEADING ? this.isSection(node, nodes) : this.isLabel(node, nodes[0]))) continue
      for (const one of nodes ?? []) tree.leaveOut(one)
    }
  }

  /** Return whether the parts under a heading are links to other pages, or an offer. */
  isPromised(nodes, isMore) {
    const { measure } = this
    const length = nodes.reduce((sum, one) => sum + measure.length(one), 0)
    const linked = nodes.reduce((sum, one) => sum + measure.linked(one), 0)
    if (this.isLarge(length, linked) || (this.isList && length > SMALL_PART * this.whole)) return false
    return isMore ? length > 0 && linked / length >= LINKED : length < LONGEST_OFFER
  }

  /**
   * Return whether the parts under a heading are a section of the text, such as one about comments in a language: code,
   * or prose that more text follows, and no form.
   */
  isSection(heading, nodes) {
    const { tree, measure } = this
    if (!nodes.length || nodes.some((one) => holdsAnyway(tree, one, OF_BOXES) || this.isOfReaders(one))) return false
    if (nodes.some((one) => tree.tag[one] === ID.pre || holds(tree, one, BLOCKS_OF_CODE))) return true
    const prose = nodes.reduce((sum, one) => sum + measure.prose(one), 0) - measure.prose(heading)
    const linked = nodes.reduce((sum, one) => sum + measure.linked(one), 0)
    const isManual = this.pageType === 'documentation'
    if (isManual && nodes.every((one) => one === heading || !measure.length(one)) && isAboveText(tree, heading)) return true
    if (prose < (isManual ? SHORT_SECTION : SECTION) || linked > (isManual ? MOST_IN_MANUAL : LINKED) * prose || nodes.some((one) => this.holdsProfile(one))) return false
    if (isManual) return true
    const end = tree.end[nodes.at(-1)]
    return measure.longParagraphs(this.main).some((one) => one >= end)
  }

  /** Return whether a part contains comments of readers, or what is never text; highlighters call comments `comment`. */
  isOfReaders(node) {
    const { tree } = this
    if (!tree.isToldWithin(node, ALWAYS | COMMENTS | POST)) return false
    return [node, ...tree.toldBelow(node, (one) => tree.marks[one] & (ALWAYS | COMMENTS | POST))]
      .some((one) => tree.marks[one] & (ALWAYS | COMMENTS | POST) && tree.tag[one] !== ID.span)
  }

  /** Return whether a title in documentation is all of its part, such as "Authors:" above a list, and that list is kept. */
  isLabel(title, box) {
    const { tree, measure } = this
    if (this.pageType !== 'documentation' || measure.length(box) > measure.length(title)) return false
    const end = tree.end[tree.parent[box]]
    let next = tree.end[box]
    while (next < end && !tree.gone[next] && !measure.length(next)) next = tree.end[next]
    return next >= end || !tree.gone[next]
  }

  /** Return whether a part contains a link to the page of an author. */
  holdsProfile(node) {
    const { tree } = this
    return tree.all(node, ID.a).some((link) => PROFILE.test(tree.get(link, ATTRIBUTE.href)) || tree.get(link, ATTRIBUTE.rel) === 'author')
  }

  /** Return whether a part contains so much of the text that it is not a box, whatever its heading announces. */
  isLarge(length, linked) {
    if (!this.isText) return length > PART * this.whole
    return length - linked > PART * this.prose
  }

  isHeading(node) {
    const { tree } = this
    const tag = tree.tag[node]
    if (PROPERTIES[tag] & HEADING) return tag !== ID.h1
    // The titles of boxes are often not heading elements.
    return (tag === ID.p || tag === ID.div || tag === ID.span || tag === ID.strong) && this.measure.length(node) <= LONGEST_TITLE
      && this.measure.length(node) > 3 && tree.end[node] - node <= 4 && this.measure.linked(node) === 0 && !holds(tree, node, HEADINGS) && !this.isInLine(node)
  }

  /** Return whether an element is part of a heading, of a name, or of a paragraph or item with more prose. */
  isInLine(node) {
    const { tree, measure } = this
    const above = tree.parent[node]
    for (let name = above, level = 0; name > this.main && level < NEAR; name = tree.parent[name], level++) {
      if (NAMES[tree.tag[name]] || PROPERTIES[tree.tag[name]] & HEADING) return true
    }
    return LINES[tree.tag[above]] === 1 && measure.prose(above) - measure.length(node) >= SOME_PROSE
  }

  /** Return the box that begins with a heading, or an empty list. */
  boxOf(node) {
    const { tree, measure } = this
    const box = this.outermostOf(node)
    return measure.length(box) > measure.length(node) || !(PROPERTIES[tree.tag[node]] & HEADING) ? [box] : []
  }

  /** Return the outermost element that begins with a heading and contains only a part of the text. */
  outermostOf(node) {
    const { tree, measure, main } = this
    let box = node
    for (let above = tree.parent[node]; above > main; above = tree.parent[above]) {
      if (BOX_TAGS[tree.tag[above]] && tree.tag[above] !== ID.article) break
      if (measure.before[above] < measure.before[node] || this.isLarge(measure.length(above), measure.linked(above))) break
      box = above
    }
    return box
  }

  /** Return a heading and the content up to the next heading. */
  under(node) {
    const { tree, measure } = this
    if (!(PROPERTIES[tree.tag[node]] & HEADING)) return []
    const outermost = this.outermostOf(node)
    const first = measure.length(outermost) > measure.length(node) ? node : outermost
    const found = [first]
    const level = tree.tag[node]
    const end = tree.end[tree.parent[first]]
    for (let next = tree.end[first]; next < end; next = tree.end[next]) {
      if (this.left-- < 0) return []
      if (tree.gone[next] || tree.tag[next] === 0) continue
      const heading = this.firstHeading(next)
      if (heading >= 0 && tree.tag[heading] <= level) break
      found.push(next)
    }
    return found
  }

  firstHeading(node) {
    const { tree } = this
    if (PROPERTIES[tree.tag[node]] & HEADING) return node
    for (let child = node + 1; child < tree.end[node]; child = tree.end[child]) {
      if (this.left-- < 0) return -1
      if (PROPERTIES[tree.tag[child]] & HEADING && !tree.gone[child]) return child
    }
    return -1
  }
}

/** Return whether a part is in an article that is a review, and is kept as one. */
function isInReview(tree, node) {
  let above = tree.parent[node]
  while (above > 0 && tree.tag[above] !== ID.article) above = tree.parent[above]
  return above > 0 && Boolean(tree.marks[above] & REVIEWS)
}

/** Return whether text that is in no element of its own follows a heading. */
function isAboveText(tree, heading) {
  const end = tree.end[tree.parent[heading]]
  let next = tree.end[heading]
  while (next < end && (tree.gone[next] || (tree.tag[next] === 0 && !tree.size[next]))) next = tree.end[next]
  return next < end && tree.tag[next] === 0
}

/** Return what a heading announces, as bits. */
function announcement(tree, node) {
  const text = node + 1
  const from = tree.from[text]
  const to = tree.to[text]
  // Nearly all of them are one text, and the same on many pages.
  const isOne = tree.end[node] === text + 1 && tree.tag[text] === 0 && !tree.gone[text] && to - from <= LONGEST_KNOWN
  return isOne ? ANNOUNCEMENTS.of(tree, from, to) : announcedBy(textOf(tree, node))
}

function announcedBy(text) {
  if (text.length > LONGEST_TITLE) return 0
  return (MORE.test(text) ? OTHER_PAGES : 0) | (OFFERED.test(text) ? AN_OFFER : 0)
}

/** Return whether a node has a descendant of one of some kinds, including parts that are left out. */
function holdsAnyway(tree, top, kinds) {
  for (let node = top + 1; node < tree.end[top]; node++) if (kinds[tree.tag[node]]) return true
  return false
}
