// The language that a page names for a code block.
import { commonLanguage, languageNamed, languageOfCode, languageOfScope } from './languages.mjs'
import { FRAGMENT } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Elements around a code block that may name its language. */
const LEVELS_UP = 3
/** Elements in all, also those of the layout of a table. */
const MOST_PASSED = 30
const MOST = 5_000
const LONGEST = 300

/** What precedes a language in a class, and what precedes one that must be common, because other names begin like that. */
const NAMED = /^(?:language|lang|highlight-language|mw-highlight-lang|brush|sourceCode|hl)[-:](?=[a-z])/i
const MAY_NAME = /^(?:code|highlight|src)[-:](?=[a-z])/i
/** A scope of TextMate, as GitHub writes it. */
const SCOPE = /^highlight-(?=(?:source|text)-)/
/** A class before a language, and a class before a common one. */
const BEFORE = new Set('brush: brush hljs prettyprint sourceCode programlisting chroma prism syntaxhighlighter'.split(' '))
const MAY_BE_BEFORE = new Set('language language: lang lang: highlight code src'.split(' '))
const LANGUAGE = /^[a-z][a-z0-9+#._-]*/i
const { class: CLASS, lang: LANG } = ATTRIBUTE
const LANGUAGES = [
  'data-lang', 'data-language', 'data-code-lang', 'data-code-language', 'data-enlighter-language', 'language', 'syntax',
].map((name) => ATTRIBUTE[name])
/** Tables that put numbers of lines beside code, and what highlighters wrap around them. */
const LAYOUT = ids('code', 'table', 'tbody', 'td', 'tr')
const BORDERS = ids('article', 'dd', 'li', 'main', '#page')

/** Class names of the label of a language. */
export const LANGUAGE_LABEL = /(?:^|[\s_-])lang(?:uage)?(?:[\s_-]|$)/i
/** Characters of a label before a block, and the number of labels and of nodes that are read. */
const LONGEST_LABEL = 24
const MOST_LABELS = 3
const MOST_BEFORE = 2000

const SPHINX_DEFAULT = /(?:^|\s)highlight-default(?:\s|$)/
// Imports, and definitions of functions, classes and decorators.
const PYTHON_TOKENS = new Set(['kn', 'nc', 'nd', 'nf'])

/** The languages of classes of code, and of classes of elements around it. */
const ofCode = new Map()
const ofOthers = new Map()

/** Return the language of a `pre`, or nothing. */
export function languageOf(tree, block) {
  for (const node of [firstCode(tree, block), block]) {
    if (node < 0 || !tree.hasAttributes(node)) continue
    for (const name of LANGUAGES) {
      const language = languageNamed(tree.get(node, name))
      if (language) return language
    }
    const language = languageOfCode(tree.get(node, LANG)) || fromClasses(tree.get(node, CLASS), ofCode)
      || fromClasses(tree.get(node, ATTRIBUTE['data-syntaxhighlighter-params']), ofOthers)
    if (language) return language
  }
  let node = tree.parent[block]
  for (let level = 0, passed = 0; level < LEVELS_UP && passed < MOST_PASSED && node >= 0 && !BORDERS[tree.tag[node]]; passed++) {
    const names = tree.get(node, CLASS)
    const language = fromClasses(names, ofOthers)
      || languageNamed(tree.get(node, ATTRIBUTE['data-lang']) || tree.get(node, ATTRIBUTE['data-language']))
    if (language) return language
    if (SPHINX_DEFAULT.test(names)) return fromTokens(tree, block)
    if (!LAYOUT[tree.tag[node]]) level++
    node = tree.parent[node]
  }
  return fromLabel(tree, block)
}

/** Return the language that a label before a block names, also in a toolbar that is left out. */
function fromLabel(tree, block) {
  let labels = MOST_LABELS
  const first = Math.max(0, block - MOST_BEFORE)
  for (let node = block - 1; node > first && labels > 0; node--) {
    if (tree.tag[node] === ID.pre || tree.marks[node] & FRAGMENT) return ''
    if (tree.tag[node] !== 0 || !tree.size[node]) continue
    const isLabel = LANGUAGE_LABEL.test(tree.get(tree.parent[node], CLASS))
    if (isLabel && tree.tag[tree.parent[node]] !== ID.code) return commonLanguage(tree.raw(node))
    if (tree.gone[node]) continue
    if (isLabel || tree.size[node] > LONGEST_LABEL) return ''
    labels--
  }
  return ''
}

/**
 * Guess the language of a block without a language in Sphinx from its tokens: a prompt, or tokens that only Python's
 * lexer produces. Sphinx uses Python's lexer by default, which also accepts most shell commands.
 */
function fromTokens(tree, block) {
  const end = tree.end[block]
  for (let node = block + 1; node < end; node++) {
    if (tree.tag[node] !== ID.span) continue
    const token = tree.get(node, ATTRIBUTE.class)
    if (token === 'gp') return 'pycon'
    if (PYTHON_TOKENS.has(token)) return 'python'
  }
  return ''
}

/** Return the `code` with which a block begins, or -1. */
function firstCode(tree, block) {
  const end = tree.end[block]
  for (let node = block + 1; node < end; node++) {
    if (tree.tag[node] === ID.code && !tree.gone[node]) return node
    if (tree.tag[node] === 0 && tree.size[node]) return -1
  }
  return -1
}

/** Return the language that a value of `class` names, or an empty string. */
function fromClasses(value, found) {
  if (!value || value.length > LONGEST) return ''
  let language = found.get(value)
  if (language === undefined) {
    if (found.size >= MOST) found.clear()
    const names = value.trim().split(/\s+/)
    language = fromPrefixes(names) || fromPairs(names) || (found === ofCode ? fromNames(names) : '')
    found.set(` ${value}`.slice(1), language)
  }
  return language
}

/** Return the language of the first class that says that it names one. */
function fromPrefixes(names) {
  for (const name of names) {
    const language = SCOPE.test(name) ? languageOfScope(name.replace(SCOPE, '')) : fromPrefix(name, names)
    if (language) return language
  }
  return ''
}

function fromPrefix(name, names) {
  if (NAMED.test(name)) return languageNamed(firstWord(name.replace(NAMED, '')))
  if (name.endsWith('High')) return commonLanguage(name.slice(0, -'High'.length))
  if (!MAY_NAME.test(name)) return ''
  const word = firstWord(name.replace(MAY_NAME, ''))
  // Sphinx and Org mode support hundreds of languages.
  const isCertain = name.startsWith('highlight') ? names.includes('notranslate') : names.includes('src')
  return isCertain ? languageNamed(word) : commonLanguage(word)
}

/** Return the language behind a class that precedes one, as in `brush: js`. */
function fromPairs(names) {
  for (let at = 0; at + 1 < names.length; at++) {
    const isBefore = BEFORE.has(names[at])
    if (!isBefore && !MAY_BE_BEFORE.has(names[at])) continue
    const word = firstWord(names[at + 1] === 'nogutter' ? names[at + 2] ?? '' : names[at + 1])
    const language = isBefore && !word.includes('-') ? languageNamed(word) : commonLanguage(word)
    if (language) return language
  }
  return ''
}

/** Return the first class that is the name of a common language. */
function fromNames(names) {
  // Highlighters use classes of one letter for the words of code.
  return names.map((name) => (name.length > 1 ? commonLanguage(name) : '')).find(Boolean) ?? ''
}

function firstWord(text) {
  return LANGUAGE.exec(text)?.[0] ?? ''
}
