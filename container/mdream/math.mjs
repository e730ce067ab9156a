// Read formulas as TeX: from annotations of MathML, scripts of MathJax, and delimiters in text.
import { visible } from './characters.mjs'
import { children } from './measure.mjs'
import { decoded, decodedAttribute } from './references.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const LONGEST = 20_000
const ANNOTATION = /<annotation([^<>]*)>([^<]*)<\/annotation>/gi
const TEX_ENCODING = /application\/x-tex/i
const TEX_SCRIPT = /^math\/tex\b/i
const DISPLAYED = /(?:^|\s)(?:katex-display|mwe-math-mathml-display|MathJax_Display|math-display|display-math)(?:\s|$)/
const RENDERED = /(?:^|\s)(?:MathJax\w*|MJX\w*)(?:\s|$)/
/** Places where a formula may begin in a text. */
const BEGINNING = /(?=\\[([]|\$\$)/g
/** Characters of a formula within a line, and of a displayed one. */
const LONGEST_INLINE = 1000
const LONGEST_DISPLAYED = 4000
const LEVELS = 4
// A comment reaches to the end of its line; an escaped percent sign begins none.
const COMMENT = /(\\[^])|%[^\n]*\n/g
const TAG = /<(?=[A-Za-z/!?])/g
const LINK = /\](?=[(:])/g
const BACKTICK = /(\\.)|`/g
// A command with an address that is not of the web, which renderers of TeX may turn into a link that runs a script.
const UNSAFE_LINK = /\\(?:href|url) ?\{ ?(?!https?:|mailto:)[^{}]{0,2000}\}/gi

/** Return the formula of a `math` element or a script as Markdown, or an empty string. */
export function formulaOf(tree, node) {
  const tex = tree.tag[node] === ID.math ? texOfMath(tree, node) : texOfScript(tree, node)
  if (!tex) return ''
  return isDisplayed(tree, node) ? `$$${tex}$$` : `$${tex}$`
}

/** Return whether a formula is displayed as a block, not inside a line. */
export function isDisplayed(tree, node) {
  if (/display/i.test(tree.get(node, ATTRIBUTE.type)) || tree.get(node, ATTRIBUTE.display) === 'block') return true
  for (let above = tree.parent[node], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    if (DISPLAYED.test(tree.get(above, ATTRIBUTE.class))) return true
  }
  return false
}

function texOfMath(tree, node) {
  const end = tree.closeFrom[node] || tree.to[node]
  const annotations = tree.slice(tree.to[node], Math.min(end, tree.to[node] + LONGEST)).matchAll(ANNOTATION)
  const stated = Array.from(annotations).find((one) => TEX_ENCODING.test(one[1]))?.[2]
  const tex = stated === undefined ? decodedAttribute(tree.get(node, ATTRIBUTE.alttext)) : decoded(stated)
  return plain(tex)
}

function texOfScript(tree, node) {
  if (!TEX_SCRIPT.test(tree.get(node, ATTRIBUTE.type))) return ''
  return plain(tree.slice(tree.to[node], Math.min(tree.closeFrom[node], tree.to[node] + LONGEST)))
}

/** Return the TeX of an element or a script, without what its page wraps around it. */
function plain(tex) {
  const text = oneLine(tex).replace(/^% <!\[CDATA\[|%? ?\]\]>$/g, '').trim()
  return inert(/^\{\\displaystyle .*\}$/.test(text) ? text.slice('{\\displaystyle '.length, -1).trim() : text)
}

/** Return TeX as one line without comments, which would otherwise hide the rest of it. */
function oneLine(tex) {
  return visible(tex).replace(COMMENT, (_, escaped) => escaped ?? ' ').replace(/\s+/g, ' ').trim()
}

/**
 * Return TeX that is neither raw HTML nor a link, a definition or code in Markdown, and links only to the web.
 *
 * Spaces mean nothing to TeX in formulas, and a backtick has the name `\lq`.
 */
function inert(tex) {
  return tex.replace(UNSAFE_LINK, '').replace(TAG, '< ').replace(LINK, '] ').replace(BACKTICK, (_, escaped) => escaped ?? '\\lq{}')
}

/** Leave out the formulas that MathJax 2 rendered, because their scripts are also present. */
export function leaveOutRendered(tree) {
  /** The last script of each parent. @type {Map<number, number>} */
  const scripts = new Map()
  for (const script of tree.lists[ID.script]) {
    if (TEX_SCRIPT.test(tree.get(script, ATTRIBUTE.type))) scripts.set(tree.parent[script], script)
  }
  for (const [parent, script] of scripts) {
    for (const sibling of children(tree, parent)) {
      if (sibling < script && RENDERED.test(tree.get(sibling, ATTRIBUTE.class))) tree.leaveOut(sibling)
    }
  }
}

/** Return whether a text has a character with which each formula begins. @param {string} text */
export function mayHoldFormula(text) {
  return text.includes('\\') || text.includes('$$')
}

/** Return the positions of the formulas in a text, with their Markdown. @param {string} text */
export function formulasIn(text) {
  const found = []
  const signs = new Signs(text)
  let from = 0
  for (const { index: at } of text.matchAll(BEGINNING)) {
    const end = at < from ? -1 : endOfFormula(text, at, signs)
    if (end < 0) continue
    const tex = inert(oneLine(text.slice(at + 2, end)))
    from = end + 2
    found.push({ at, length: from - at, markdown: text[at + 1] === '(' ? `$${tex}$` : `$$${tex}$$` })
  }
  return found
}

/** Return where a formula's closing delimiter is, or -1 if no formula begins at a place. */
function endOfFormula(text, at, signs) {
  const first = at + 2
  if (text[at + 1] === '$') {
    const end = signs.next('$', first)
    return end > first && end - first <= LONGEST_DISPLAYED && text[end + 1] === '$' ? end : -1
  }
  if (text[at + 1] === '[') {
    const end = signs.next('\\]', first + 1)
    return end - first <= LONGEST_DISPLAYED ? end : -1
  }
  const end = signs.next('\\)', first + 1)
  return end - first <= LONGEST_INLINE && signs.next('\n', first) > end ? end : -1
}

/** The places of signs in a text, for searches that only go forward: each part of the text is searched once. */
class Signs {
  constructor(text) {
    this.text = text
    /** @type {Map<string, number>} */
    this.last = new Map()
  }

  /** Return the first place of a sign from a place on; infinite if there is none. */
  next(sign, from) {
    let at = this.last.get(sign) ?? -1
    if (at < from) {
      at = this.text.indexOf(sign, from)
      if (at < 0) at = Infinity
      this.last.set(sign, at)
    }
    return at
  }
}
