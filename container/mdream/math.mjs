// Read formulas as TeX: from annotations of MathML, scripts of MathJax, and delimiters in text.
import { visible } from './characters.mjs'
import { texOfMathMl } from './mathml.mjs'
import { children, holds, previousOf } from './measure.mjs'
import { rawText } from './raw_lines.mjs'
import { decoded, decodedAttribute } from './references.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const LONGEST = 20_000
const ANNOTATION = /<annotation([^<>]*)>([^<]*)<\/annotation>/gi
const TEX_ENCODING = /encoding\s*=\s*["']?(?:application\/x-|text\/x-)?(?:la)?tex\b/i
const TEX_SCRIPT = /^math\/tex\b/i
const DISPLAYED = /(?:^|\s)(?:katex-display|mwe-math-mathml-display|MathJax_Display|math-display|display-math)(?:\s|$)/
const RENDERED = /(?:^|\s)(?:MathJax\w*|MJX\w*)(?:\s|$)/
/** Places where a formula may begin in a text. */
const BEGINNING = /(?=\\[([]|\$\$|\\begin\{(?:align|alignat|eqnarray|equation|flalign|gather|multline)\*?\})/g
const BEGINNING_WITH_DOLLARS = new RegExp(`${BEGINNING.source}|(?=\\$)`, 'g')
/** Elements whose text is a formula between single dollar signs, which elsewhere are prices. */
const OF_FORMULAS = /(?:^|\s)(?:math|math-container|math-tex|tex|tex2jax_process|mathjax(?:_process)?|katex)(?:\s|$)/i
/** Images of formulas, whose description is TeX. */
const IMAGE_CLASS = /(?:^|\s)(?:math|tex|latex|latex-image|mwe-math-fallback-image-(?:inline|display)|ee_img|ql-img-\w+-(?:formula|equation))(?:\s|$)/
const FORMULAS = ids('math')
/** Images that MediaWiki adds to the same formula in MathML, and displayed formulas of QuickLaTeX. */
const FALLBACK = /(?:^|\s)mwe-math-fallback-image-/
const DISPLAYED_IMAGE = /(?:^|\s)ql-img-displayed-/
const MATH_BLOCK = /(?:^|\s)math(?:\s|$)/
const IMAGE_SOURCE = /latex\.php\?|\/equation\?tex=|\/render\/math\?math=|[?&]cht=tx&|latex\.codecogs\.com|\/mimetex|mathtex\.cgi|\/math\/render\/(?:svg|png)\//i
const DELIMITERS = /^(?:\$\$?|\\[([]) ?| ?(?:\$\$?|\\[)\]])$/g
/** Characters of a formula within a line, and of a displayed one. */
const LONGEST_INLINE = 1000
const LONGEST_DISPLAYED = 4000
const LEVELS = 4
// A comment reaches to the end of its line; an escaped percent sign begins none.
const COMMENT = /(\\[^])|%[^\n]*(\n|$)/g
const TAG = /<(?=[A-Za-z/!?])/g
const LINK = /\](?=[(:])/g
const NOTE = /\[(?=\^)/g
const BACKTICK = /(\\.)|`/g
// A command with an address that is not of the web, which renderers of TeX may turn into a link that runs a script.
const UNSAFE_LINK = /\\(?:href|url) ?\{ ?(?!https?:|mailto:)[^{}]{0,2000}\}/gi

/** Return the formula of a `math` element or a script as Markdown, or an empty string. */
export function formulaOf(tree, node) {
  const isMathMl = tree.tag[node] === ID.math
  // A formula within one that is too long is not read again.
  const tex = isMathMl ? !isInFormula(tree, node) && texOfMath(tree, node) : texOfScript(tree, node)
  if (!tex) return ''
  return isDisplayed(tree, node) ? `$$${tex}$$` : `$${tex}$`
}

function isInFormula(tree, node) {
  let above = tree.parent[node]
  while (above > 0 && tree.tag[above] !== ID.math) above = tree.parent[above]
  return above > 0
}

/** Return the formula that an image shows as Markdown, or an empty string. */
export function formulaOfImage(tree, node) {
  const isInBlock = isInMathBlock(tree, node)
  if (!isInBlock && !IMAGE_CLASS.test(tree.get(node, ATTRIBUTE.class)) && !IMAGE_SOURCE.test(tree.get(node, ATTRIBUTE.src))) return ''
  const tex = plain(oneLine(decodedAttribute(tree.get(node, ATTRIBUTE.alt) || tree.get(node, ATTRIBUTE.title))).replace(DELIMITERS, ''))
  if (!tex) return ''
  const isBlock = isInBlock || isDisplayed(tree, node) || DISPLAYED_IMAGE.test(tree.get(node, ATTRIBUTE.class))
  return isBlock ? `$$${tex}$$` : `$${tex}$`
}

/** Return whether an image shows the formula before it, which is written as text. */
export function isRepeatedFormula(tree, node) {
  if (!FALLBACK.test(tree.get(node, ATTRIBUTE.class))) return false
  const before = previousOf(tree, node)
  return before >= 0 && !tree.gone[before] && holds(tree, before, FORMULAS)
}

/** Return the formula that an element for code contains, as in GitLab, or an empty string. */
export function formulaOfCode(tree, node) {
  const style = tree.get(node, ATTRIBUTE['data-math-style'])
  const tex = style && plain(decoded(rawText(tree, node)).slice(0, LONGEST))
  if (!tex) return ''
  return style === 'display' ? `$$${tex}$$` : `$${tex}$`
}

/** Return whether an image is in a block of formulas of Sphinx: `<div class="math"><p><img>`. */
function isInMathBlock(tree, node) {
  const above = tree.parent[node]
  const block = tree.tag[above] === ID.p ? tree.parent[above] : above
  return block > 0 && tree.tag[block] === ID.div && MATH_BLOCK.test(tree.get(block, ATTRIBUTE.class))
}

/** Return whether a formula is displayed as a block, not inside a line. */
export function isDisplayed(tree, node) {
  if (/display/i.test(tree.get(node, ATTRIBUTE.type)) || /^(?:block|true)$/.test(tree.get(node, ATTRIBUTE.display))) return true
  for (let above = tree.parent[node], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    if (tree.get(above, ATTRIBUTE.display) === 'true' || DISPLAYED.test(tree.get(above, ATTRIBUTE.class))) return true
  }
  return false
}

function texOfMath(tree, node) {
  const end = tree.closeFrom[node] || tree.to[node]
  const annotations = tree.slice(tree.to[node], Math.min(end, tree.to[node] + LONGEST)).matchAll(ANNOTATION)
  const stated = Array.from(annotations).find((one) => TEX_ENCODING.test(one[1]))?.[2]
  const tex = stated === undefined ? decodedAttribute(tree.get(node, ATTRIBUTE.alttext) || tree.get(node, ATTRIBUTE['data-latex'])) : decoded(stated)
  return plain(tex || texOfMathMl(tree, node))
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
  return visible(tex).replace(COMMENT, (found, escaped, end) => escaped ?? (end ? ' ' : found)).replace(/\s+/g, ' ').trim()
}

/**
 * Return TeX that is neither raw HTML nor a link, a definition, the mark of a note or code in Markdown, and links only to the web.
 *
 * TeX ignores spaces in formulas, and `\lq` stands for a backtick.
 */
function inert(tex) {
  return tex.replace(UNSAFE_LINK, '').replace(TAG, '< ').replace(LINK, '] ').replace(NOTE, '[{}').replace(BACKTICK, (_, escaped) => escaped ?? '\\lq{}')
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
  return text.includes('\\') || text.includes('$')
}

/** Return whether an element contains a formula, so that dollar signs in its text are no prices. */
export function isOfFormula(tree, node) {
  return OF_FORMULAS.test(tree.get(node, ATTRIBUTE.class))
}

/**
 * Return the positions of the formulas in a text, with their Markdown.
 *
 * @param {string} text
 * @param {boolean} hasSingleDollars Whether single dollar signs enclose a formula.
 */
export function formulasIn(text, hasSingleDollars = false) {
  const found = []
  const signs = new Signs(text)
  let from = 0
  for (const { index: at } of text.matchAll(hasSingleDollars ? BEGINNING_WITH_DOLLARS : BEGINNING)) {
    const formula = at < from ? null : formulaAt(text, at, signs)
    if (formula === null) continue
    const tex = inert(oneLine(text.slice(formula.from, formula.to)))
    from = formula.end
    found.push({ at, length: from - at, markdown: formula.isDisplayed ? `$$${tex}$$` : `$${tex}$` })
  }
  return found
}

/** Return where the TeX of a formula that begins at a place is, and where its closing delimiter ends; or null. */
function formulaAt(text, at, signs) {
  const first = at + 2
  if (text[at + 1] === 'b') {
    const end = `\\end{${text.slice(at + '\\begin{'.length, text.indexOf('}', at))}}`
    const to = signs.next(end, first) + end.length
    return to - at <= LONGEST_DISPLAYED ? { from: at, to, end: to, isDisplayed: true } : null
  }
  if (text.startsWith('$$', at)) {
    const to = signs.next('$', first)
    return to > first && to - first <= LONGEST_DISPLAYED && text[to + 1] === '$' ? { from: first, to, end: to + 2, isDisplayed: true } : null
  }
  if (text[at] === '$') {
    const to = signs.next('$', at + 1)
    return to - at <= LONGEST_INLINE ? { from: at + 1, to, end: to + 1, isDisplayed: false } : null
  }
  if (text[at + 1] === '[') {
    const to = signs.next('\\]', first + 1)
    return to - first <= LONGEST_DISPLAYED ? { from: first, to, end: to + 2, isDisplayed: true } : null
  }
  const to = signs.next('\\)', first + 1)
  return to - first <= LONGEST_INLINE && signs.next('\n', first) > to ? { from: first, to, end: to + 2, isDisplayed: false } : null
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
