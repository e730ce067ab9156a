// The language that a page names for a code block.
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Elements around a code block that may name its language. */
const LEVELS_UP = 3
const MOST = 5_000
const LONGEST = 300

const NAMED = /(?:^|\s)(?:language|lang|highlight|highlight-source|brush:?|sourceCode|code|src)[-:\s]\s?([A-Za-z][A-Za-z0-9+#._-]{0,29})/g
const BARE = /(?:^|\s)(?:hljs|prettyprint|sourceCode|programlisting|chroma|prism|syntaxhighlighter)\s+(?:nogutter\s+)?([a-z][a-z0-9+#-]{0,19})(?=\s|$)/g
const NAME = /^[a-z][a-z0-9+#._-]{0,29}$/
// Themes of highlighters, and classes that a program has named.
const NO_LANGUAGE = /__|theme|(?:^|-)(?:dark|light|plus|default|block|container|wrapper|line|lines|copy)(?:-|$)|-[a-z0-9]{0,29}\d[a-z0-9]{3,29}$/
const NONE = new Set(
  ('none text plain plaintext plain-text txt default notranslate code highlight nohighlight no-highlight ignore linenums '
    + 'block wrapper container toolbar body example box inline literal output hljs prettyprinted listing copy editable '
    + 'panel nogutter pane codecontent tab tabs tab-size content preview editor terminal-block '
    + 'should_panic does_not_compile source literal-block wrap command css-variables lang-default snippet group').split(' '),
)
const SAME = new Map(Object.entries({
  'c#': 'csharp', 'c++': 'cpp', cjs: 'javascript', cplusplus: 'cpp', cs: 'csharp', docker: 'dockerfile', golang: 'go',
  htm: 'html', 'html+django': 'django', 'html+jinja': 'jinja', ipython: 'python', ipython3: 'python', js: 'javascript',
  md: 'markdown', mjs: 'javascript', node: 'javascript', postgresql: 'sql', py: 'python', py3: 'python', pycon3: 'pycon',
  python3: 'python', rb: 'ruby', rs: 'rust', 'shell-session': 'console', shellsession: 'console', ts: 'typescript',
  yml: 'yaml',
}))
const LANGUAGES = ['data-lang', 'data-language', 'data-code-lang', 'data-code-language', 'data-enlighter-language', 'lang', 'language'].map((name) => ATTRIBUTE[name])
/** Tables that put numbers of lines beside code, and what highlighters wrap around them. */
const LAYOUT = ids('code', 'table', 'tbody', 'td', 'tr')
const BORDERS = ids('article', 'dd', 'li', 'main', '#page')

const SPHINX_DEFAULT = /(?:^|\s)highlight-default(?:\s|$)/
// Imports, and definitions of functions, classes and decorators.
const PYTHON_TOKENS = new Set(['kn', 'nc', 'nd', 'nf'])

const found = new Map()

/** Return the language of a `pre`, or nothing. */
export function languageOf(tree, block) {
  for (const node of [firstCode(tree, block), block]) {
    if (node < 0 || !tree.hasAttributes(node)) continue
    for (const name of LANGUAGES) {
      const language = known(tree.get(node, name))
      if (language) return language
    }
    const language = fromClasses(tree.get(node, ATTRIBUTE.class)) || fromClasses(tree.get(node, ATTRIBUTE['data-syntaxhighlighter-params']))
    if (language) return language
  }
  let node = tree.parent[block]
  for (let level = 0; level < LEVELS_UP && node >= 0 && !BORDERS[tree.tag[node]];) {
    const names = tree.get(node, ATTRIBUTE.class)
    const language = fromClasses(names) || known(tree.get(node, ATTRIBUTE['data-lang']) || tree.get(node, ATTRIBUTE['data-language']))
    if (language) return language
    if (SPHINX_DEFAULT.test(names)) return fromTokens(tree, block)
    if (!LAYOUT[tree.tag[node]]) level++
    node = tree.parent[node]
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

/** Return the language that a label names, as code blocks name it, or an empty string. */
export function nameOfLanguage(label) {
  return known(label)
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

function fromClasses(names) {
  if (!names || names.length > LONGEST) return ''
  let language = found.get(names)
  if (language === undefined) {
    if (found.size >= MOST) found.clear()
    language = firstKnown(names.trim())
    found.set(` ${names}`.slice(1), language)
  }
  return language
}

function firstKnown(names) {
  for (const pattern of [NAMED, BARE]) {
    for (const match of names.matchAll(pattern)) {
      const language = known(match[1])
      if (language) return language
    }
  }
  return ''
}

function withoutSemicolons(name) {
  let end = name.length
  while (name[end - 1] === ';') end--
  return name.slice(0, end)
}

function known(name) {
  const lower = withoutSemicolons(name.trim().toLowerCase())
  if (!NAME.test(lower) || NONE.has(lower) || NO_LANGUAGE.test(lower)) return ''
  return SAME.get(lower) ?? lower
}
