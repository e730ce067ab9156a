// Write MathML without a TeX annotation as TeX, so that "x²" is not read as "x2".
import { visible } from './characters.mjs'
import { decoded } from './references.mjs'

/** Maximum depth of a formula, and maximum characters of its TeX. */
const DEEPEST = 60
const LONGEST = 5000
/** Bytes of the longest formula that is read. */
const LONGEST_SOURCE = 100_000
/** A command at the end of a text, and the characters of the longest one. */
const COMMAND = /\\[a-z]+$/i
const LONGEST_COMMAND = 20
const NAME = /^<(?:[a-z]+:)?([a-z-]+)/i
/** Elements that describe a formula a second time, or not visibly. */
const NOT_WRITTEN = new Set(['annotation', 'annotation-xml', 'maligngroup', 'malignmark', 'mphantom', 'mprescripts', 'none'])
const SPECIAL = /[{}%#&$_]/g
const FUNCTIONS = new Set(
  'arccos arcsin arctan arg cos cosh cot csc deg det dim exp gcd inf ker lim liminf limsup ln log max min mod Pr sec sin sinh sup tan tanh'.split(' '),
)
/** Commands for characters that are hard to type or that TeX does not read in formulas. */
const COMMANDS = new Map(Object.entries({
  '−': '-', '×': '\\times', '÷': '\\div', '⋅': '\\cdot', '·': '\\cdot', '±': '\\pm', '≤': '\\le', '≥': '\\ge', '≠': '\\ne',
  '≈': '\\approx', '≡': '\\equiv', '∼': '\\sim', '∝': '\\propto', '∞': '\\infty', '∑': '\\sum', '∏': '\\prod', '∫': '\\int',
  '∮': '\\oint', '∂': '\\partial', '∇': '\\nabla', '∈': '\\in', '∉': '\\notin', '⊂': '\\subset', '⊆': '\\subseteq', '∪': '\\cup',
  '∩': '\\cap', '∀': '\\forall', '∃': '\\exists', '→': '\\to', '⇒': '\\Rightarrow', '⇔': '\\Leftrightarrow', '↦': '\\mapsto',
  '…': '\\dots', '⋯': '\\cdots', '∅': '\\emptyset', '∧': '\\land', '∨': '\\lor', '¬': '\\neg', '′': "'", '⟨': '\\langle', '⟩': '\\rangle',
  α: '\\alpha', β: '\\beta', γ: '\\gamma', δ: '\\delta', ε: '\\epsilon', ζ: '\\zeta', η: '\\eta', θ: '\\theta', ι: '\\iota', κ: '\\kappa',
  λ: '\\lambda', μ: '\\mu', ν: '\\nu', ξ: '\\xi', π: '\\pi', ρ: '\\rho', σ: '\\sigma', τ: '\\tau', φ: '\\varphi', ϕ: '\\phi', χ: '\\chi',
  ψ: '\\psi', ω: '\\omega', Γ: '\\Gamma', Δ: '\\Delta', Θ: '\\Theta', Λ: '\\Lambda', Ξ: '\\Xi', Π: '\\Pi', Σ: '\\Sigma', Φ: '\\Phi',
  Ψ: '\\Psi', Ω: '\\Omega',
}))
const ACCENTS = new Map(Object.entries({
  '^': '\\hat', ˆ: '\\hat', '¯': '\\bar', '‾': '\\overline', '_': '\\overline', '→': '\\vec', '⃗': '\\vec', '~': '\\tilde', '˜': '\\tilde', '˙': '\\dot',
  '¨': '\\ddot', '⏞': '\\overbrace',
}))
/** Commands for the notations of `menclose`. */
const ENCLOSURES = new Map(Object.entries({
  top: '\\overline', bottom: '\\underline', box: '\\boxed', roundedbox: '\\boxed', radical: '\\sqrt', updiagonalstrike: '\\cancel',
  downdiagonalstrike: '\\bcancel', 'updiagonalstrike downdiagonalstrike': '\\xcancel',
}))
const NOTATION = /\snotation\s*=\s*["']?([a-z ]{1,60})/i
/** Characters of the longest sign of an accent. */
const LONGEST_ACCENT = 20
/** Operators whose limits TeX writes as an index and an exponent. */
const WITH_LIMITS = /^(?:\\(?:sum|prod|int|oint|lim|liminf|limsup|max|min|sup|inf|det|gcd|Pr)|[⋃⋂⨁⨂⋀⋁])$/

/**
 * Return the TeX of a `math` element, or an empty string.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {number} node
 */
export function texOfMathMl(tree, node) {
  // An element without an end tag ends with its last descendant.
  const end = tree.closeFrom[node] || tree.to[tree.end[node] - 1]
  if (end - tree.to[node] > LONGEST_SOURCE) return ''
  const tex = rowOf(tree, node, 0)
  return tex.length > LONGEST ? '' : tex
}

/** Return the parts of an element as one formula. */
function rowOf(tree, node, depth) {
  let row = ''
  for (const part of partsOf(tree, node, depth)) {
    // A command ends before the next letter.
    row += COMMAND.test(row.slice(-LONGEST_COMMAND)) && /^[a-z0-9]/i.test(part) ? ` ${part}` : part
    if (row.length > LONGEST) break
  }
  return row
}

/** Return the formulas of the children of an element; only the first ones if they are too long together. */
function partsOf(tree, node, depth) {
  const parts = []
  let length = 0
  for (let inner = node + 1; inner < tree.end[node] && length <= LONGEST; inner = tree.end[inner]) {
    if (tree.tag[inner] === 0 && !tree.size[inner]) continue
    const part = tree.tag[inner] === 0 ? tokenOf(tree.raw(inner)) : partOf(tree, inner, depth + 1)
    if (part === null) continue
    parts.push(part)
    length += part.length
  }
  return parts
}

/** Return the formula of one element, or null if it is not visible. */
function partOf(tree, node, depth) {
  if (depth > DEEPEST) return null
  const name = NAME.exec(tree.slice(tree.from[node], Math.min(tree.to[node], tree.from[node] + 40)))?.[1].toLowerCase() ?? ''
  if (NOT_WRITTEN.has(name)) return null
  const parts = () => partsOf(tree, node, depth)
  switch (name) {
    case 'mi': case 'mo': case 'mn': return tokenOf(contentOf(tree, node))
    case 'mtext': case 'ms': return textOf(contentOf(tree, node))
    case 'mspace': return ' '
    case 'msup': return scripts(parts(), '^')
    case 'msub': return scripts(parts(), '_')
    case 'msubsup': return scripts(parts(), '_^')
    case 'mfrac': return parts().slice(0, 2).reduce((tex, part) => tex + group(part), '\\frac')
    case 'msqrt': return `\\sqrt{${rowOf(tree, node, depth)}}`
    case 'mroot': return root(parts())
    case 'mover': return over(parts())
    case 'munder': return under(parts())
    case 'munderover': return underAndOver(parts())
    case 'mfenced': return `(${parts().join(', ')})`
    case 'mtable': return `\\begin{matrix} ${parts().join(' \\\\ ')} \\end{matrix}`
    case 'mtr': case 'mlabeledtr': return parts().join(' & ')
    case 'menclose': return enclosed(rowOf(tree, node, depth), NOTATION.exec(tree.slice(tree.from[node], tree.to[node]))?.[1])
    default: return rowOf(tree, node, depth)
  }
}

function contentOf(tree, node) {
  let text = ''
  for (let inner = node + 1; inner < tree.end[node]; inner++) if (tree.tag[inner] === 0) text += tree.raw(inner)
  return visible(decoded(text)).replace(/\s+/g, ' ').trim()
}

/** Return an identifier, an operator or a number. */
function tokenOf(text) {
  const token = visible(decoded(text.slice(0, LONGEST + 1))).trim()
  if (/^[a-z]{2,}$/i.test(token)) return FUNCTIONS.has(token) ? `\\${token}` : `\\mathrm{${token}}`
  let row = ''
  let last = ''
  for (const character of token) {
    const sign = COMMANDS.get(character) ?? (character === '\\' ? '\\setminus' : character.replace(SPECIAL, '\\$&'))
    row += COMMAND.test(last) && /^[a-z]/i.test(sign) ? ` ${sign}` : sign
    last = sign
  }
  return row
}

function textOf(text) {
  return text ? `\\text{${text.replace(SPECIAL, '\\$&')}}` : ''
}

/** Return a formula in braces. */
function group(part = '') {
  return `{${part}}`
}

/** Return a formula as the base or the script of another one: in braces if it is more than one sign. */
function single(part = '') {
  return /^(?:[^\\{}]|\\[a-z]+)$/i.test(part) ? part : `{${part}}`
}

function scripts([base, ...others], signs) {
  return single(base) + [...signs].map((sign, at) => (others[at] ? sign + single(others[at]) : '')).join('')
}

/** Return a formula with a line around, above, below or through it. */
function enclosed(tex, notation = '') {
  const command = ENCLOSURES.get(notation.trim().toLowerCase())
  return command ? command + group(tex) : tex
}

function root([base, index = '']) {
  return `\\sqrt[${index}]${group(base)}`
}

function over([base, accent = '']) {
  const said = accent.length > LONGEST_ACCENT ? '' : accent.replaceAll('\\_', '_')
  const sign = [...ACCENTS].find(([one]) => (COMMANDS.get(one) ?? one) === said)?.[1]
  if (sign) return sign + group(base)
  return WITH_LIMITS.test(base) ? `${base}^${single(accent)}` : `\\overset${group(accent)}${group(base)}`
}

function under([base, limit = '']) {
  return WITH_LIMITS.test(base) ? `${base}_${single(limit)}` : `\\underset${group(limit)}${group(base)}`
}

function underAndOver([base, low, high]) {
  return WITH_LIMITS.test(base) ? scripts([base, low, high], '_^') : over([under([base, low]), high])
}
