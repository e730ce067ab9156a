// The names of languages of code: those that are common, words that are none, and names for the same language.

/** Words that pages write where a language is expected. */
const NONE = new Set(
  ('none text plain plaintext plain-text txt default notranslate code highlight nohighlight no-highlight ignore linenums '
    + 'block wrapper container toolbar body example box inline literal output hljs prettyprinted listing copy editable '
    + 'panel nogutter pane codecontent tab tabs tab-size content preview editor terminal-block '
    + 'should_panic does_not_compile source literal-block wrap command css-variables lang-default snippet group '
    + 'ansi auto autodetect generic myst-ansi nolang null numberlines numbersource or-text other pre raw undefined unknown').split(' '),
)

/** Themes of highlighters, and classes that a program has named. */
const NO_LANGUAGE = /__|theme|(?:^|-)(?:dark|light|plus|default|block|container|wrapper|line|lines|copy)(?:-|$)|-[a-z0-9]{0,29}\d[a-z0-9]{3,29}$/
const NAME = /^[a-z][a-z0-9+#._-]{0,29}$/
/** The code of a human language, as in `lang="en-US"`. */
const HUMAN = /^[a-z]{2,3}(?:-|$)/

const SAME = new Map(Object.entries({
  'c#': 'csharp', 'c++': 'cpp', cjs: 'javascript', cplusplus: 'cpp', cs: 'csharp', docker: 'dockerfile', golang: 'go',
  htm: 'html', 'html+django': 'django', 'html+jinja': 'jinja', ipython: 'python', ipython2: 'python', ipython3: 'python', js: 'javascript',
  md: 'markdown', mjs: 'javascript', node: 'javascript', postgresql: 'sql', py: 'python', py3: 'python', pycon3: 'pycon',
  python3: 'python', rb: 'ruby', rs: 'rust', 'shell-session': 'console', shellsession: 'console', ts: 'typescript',
  yml: 'yaml',
}))

/** Names that are those of a language wherever they stand: they are hardly ever used for anything else on code. */
const COMMON = new Set(
  ('abap actionscript ada angular apacheconf apex apl applescript arduino asciidoc asm astro autohotkey awk bash bat batch batchfile '
    + 'bibtex bicep blade brainfuck c clojure cmake cobol coffee coffeescript console cpp crystal csharp cshtml css csv cuda cython '
    + 'dart delphi diff django dockerfile dos dotenv ebnf ejs elisp elixir elm emacs-lisp erb erlang excel f# fish fortran fsharp gdscript '
    + 'gherkin git-commit glsl gnuplot go gradle graphql groovy haml handlebars haskell haxe hcl hlsl html http idris ini java '
    + 'javascript jinja jinja2 jq js-nolint json json5 jsonc jsonnet jsp jsx julia kotlin kql kusto latex less lilypond liquid lisp llvm lua '
    + 'makefile markdown markup mathematica matlab mdx mermaid mipsasm mongodb mysql nasm nginx nim nix objc objective-c objectivec ocaml '
    + 'octave pascal perl pgsql php plantuml plsql postgres powershell prisma prolog promql proto protobuf ps1 pug puppet purescript pwsh '
    + 'pycon python python-repl python2 r racket razor reason regex rescript rst ruby rust sas sass scala scheme scss sh shell sml solidity '
    + 'sparql sql sqlite stata svelte svg swift systemverilog tcl terraform tex toml tsql tsx twig typescript vala vb vbnet vba verilog vhdl '
    + 'vim viml vue wasm wgsl xhtml xml xquery xslt yaml yara zig zsh').split(' '),
)

/** Return the language with a name, as code blocks name it, or an empty string. @param {string} name */
export function languageNamed(name) {
  const lower = withoutSemicolons(name.trim().toLowerCase())
  if (!NAME.test(lower) || NONE.has(lower) || NO_LANGUAGE.test(lower)) return ''
  return SAME.get(lower) ?? lower
}

/** Return the language with a name, if it is a common one. @param {string} name */
export function commonLanguage(name) {
  const language = languageNamed(name)
  return COMMON.has(language) ? language : ''
}

/** Return the language that an attribute `lang` names, which may also be a human language. @param {string} name */
export function languageOfCode(name) {
  return commonLanguage(name) || (HUMAN.test(name.trim().toLowerCase()) ? '' : languageNamed(name))
}

/** Return the language that a scope of TextMate names, such as `source-css-scss`, or an empty string. @param {string} scope */
export function languageOfScope(scope) {
  const parts = scope.toLowerCase().split('-').slice(1)
  if (parts[0] === 'shell' && parts[1] === 'session') return 'console'
  return parts.map(commonLanguage).findLast(Boolean) ?? languageNamed(parts.join('-'))
}

function withoutSemicolons(name) {
  let end = name.length
  while (name[end - 1] === ';') end--
  return name.slice(0, end)
}
