// Checks that regular expressions take linear time, with recheck, which builds an automaton from each of them.
//
//   node tools/expressions.mjs KNOWN BOUNDED [--write] < expressions.json
//
// The input is a list of {place, source, flags}: the regular expressions of the Python files, as `infra.expressions`
// translates them, and the names of JavaScript files, {file}. KNOWN lists the forms that were found linear, because
// checking all of them takes minutes; --write renews it. BOUNDED lists exceptions, {place, expression, bound}: the file,
// the beginning of the expression, and why its texts are short.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'
import { checkSync } from 'recheck'
import ts from 'typescript'

const SECONDS = 60
const LONGEST_BOUND = 3
const LONGEST_WORD = 3

/**
 * Return the forms of a regular expression that are checked.
 *
 * Without a quantifier that has no bound, the time at each position has a bound. Otherwise bounds are lowered to three,
 * so that only the quantifiers without a bound count. If a quantifier with a bound repeats an expression that is itself
 * ambiguous, the time may be exponential in the bound; for this, bounds are removed. Case and the middle of words do
 * not matter.
 *
 * @param {string} source
 * @param {string} flags
 * @returns {{source: string, flags: string, mayBePolynomial: boolean}[]}
 */
export function forms(source, flags) {
  const tree = new RegExpParser().parsePattern(source, 0, source.length, {
    unicode: flags.includes('u'), unicodeSets: flags.includes('v'),
  })
  /** @type {[number, number, string][]} */
  const edits = []
  /** @type {import('@eslint-community/regexpp').AST.Quantifier[]} */
  const bounds = []
  let isUnbounded = false
  let isNested = false
  visitRegExpAST(tree, {
    onQuantifierEnter(quantifier) {
      if (quantifier.max === Infinity) isUnbounded = true
      else if (quantifier.max > LONGEST_BOUND) {
        bounds.push(quantifier)
        isNested ||= quantifier.element.type === 'Group' || quantifier.element.type === 'CapturingGroup'
      }
    },
    onAlternativeEnter(alternative) {
      const word = []
      for (const element of [...alternative.elements, null]) {
        if (element?.type === 'Character') word.push(element)
        else if (word.length > LONGEST_WORD) edits.push([word[2].start, /** @type {any} */ (word.at(-2)).end, ''])
        if (element?.type !== 'Character') word.length = 0
      }
    },
    onCharacterEnter({ value, start, end }) {
      const lower = String.fromCodePoint(value).toLowerCase()
      if (flags.includes('i') && lower.length === 1 && lower.codePointAt(0) !== value) edits.push([start, end, escaped(lower)])
    },
  })
  const plain = flags.replace(/[dgiy]/g, '')
  const found = []
  /** @param {(quantifier: {min: number}) => string} change */
  const changed = change => edited(source, [...edits, ...bounds.map(one => /** @type {[number, number, string]} */ (
    [one.element.end, one.end, change(one) + (one.greedy ? '' : '?')]))])
  if (isUnbounded) found.push({ source: changed(({ min }) => `{${Math.min(min, 2)},3}`), flags: plain, mayBePolynomial: false })
  if (isNested) found.push({ source: changed(({ min }) => `{${Math.min(min, 1)},}`), flags: plain, mayBePolynomial: true })
  return found
}

/** @param {string} character */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * @param {string} text
 * @param {[number, number, string][]} edits
 */
function edited(text, edits) {
  let end = Infinity
  for (const [from, to, by] of edits.sort((a, b) => b[0] - a[0] || b[1] - a[1])) {
    if (to > end) continue
    text = text.slice(0, from) + by + text.slice(to)
    end = from
  }
  return text
}

/**
 * Return why a form is not linear, or an empty text.
 *
 * @param {{source: string, flags: string, mayBePolynomial: boolean}} form
 */
export function fault({ source, flags, mayBePolynomial }) {
  const result = checkSync(source, flags, { timeout: SECONDS * 1000 })
  if (result.status === 'unknown') return `could not be checked within ${SECONDS} s (${result.error.kind})`
  if (result.status === 'safe' || (mayBePolynomial && result.complexity.type === 'polynomial')) return ''
  const { type } = result.complexity
  return `takes ${type} time, for example for ${result.attack.pattern}`
}

/**
 * Return the regular expressions of JavaScript and TypeScript files. Those that a module creates from constants are
 * recorded while it is imported.
 *
 * @param {string[]} files
 */
export async function expressionsOf(files) {
  const found = []
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const place = (/** @type {ts.Node} */ node) => `${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
    /** @param {ts.Node} node */
    const visit = node => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/')
        found.push({ place: place(node), source: node.text.slice(1, end), flags: node.text.slice(end + 1) })
      }
      ts.forEachChild(node, visit)
    }
    visit(tree)
    if (/\bRegExp\(/.test(text) && file.endsWith('.mjs')) found.push(...await created(file))
  }
  return found
}

/** @param {string} file */
async function created(file) {
  const own = globalThis.RegExp
  /** @type {{place: string, source: string, flags: string}[]} */
  const found = []
  const note = (/** @type {RegExp} */ expression) => {
    const caller = (new Error().stack ?? '').split('\n').find(line => line.includes('.mjs') && !line.includes(fileURLToPath(import.meta.url)))
    const at = caller?.indexOf(file) ?? -1
    if (at >= 0) found.push({ place: `${file}:${caller?.slice(at + file.length + 1).split(':')[0]}`, source: expression.source, flags: expression.flags })
    return expression
  }
  globalThis.RegExp = /** @type {any} */ (new Proxy(own, {
    construct: (target, parts) => note(Reflect.construct(target, parts)),
    apply: (target, self, parts) => note(Reflect.apply(target, self, parts)),
  }))
  try {
    await import(pathToFileURL(file).href)
  } finally {
    globalThis.RegExp = own
  }
  return found
}

/** @param {string} file */
const read = file => JSON.parse(readFileSync(file, 'utf8'))

async function main() {
  const [knownFile, boundedFile, option] = process.argv.slice(2)
  const isWritten = option === '--write'
  /** @type {{place: string, source: string, flags: string, file?: string}[]} */
  const given = JSON.parse(readFileSync(0, 'utf8'))
  const files = given.flatMap(({ file }) => file ?? [])
  const all = [...given.filter(({ file }) => !file), ...await expressionsOf(files)]
  const known = new Set(read(knownFile))
  /** @type {{place: string, expression: string, bound: string}[]} */
  const exceptions = read(boundedFile)
  const used = new Set()
  const linear = new Set()
  let faults = 0
  /** @param {string} sentence */
  const report = sentence => {
    faults += 1
    console.error(sentence)
  }
  for (const { place, source, flags } of all) {
    const written = `/${source}/${flags}`
    const exception = exceptions.find(one => place.includes(`${one.place}:`) && written.startsWith(one.expression))
    if (exception) {
      used.add(exception)
      continue
    }
    for (const form of forms(source, flags)) {
      const name = `/${form.source}/${form.flags}${form.mayBePolynomial ? ' without bounds' : ''}`
      if (linear.has(name)) continue
      const why = known.has(name) ? '' : fault(form)
      if (why) report(`${place}: ${written} ${why}`)
      else {
        linear.add(name)
        if (!known.has(name) && !isWritten) report(`${place}: ${written} is linear, but not in the list of checked ones; run \`make linear-expressions\``)
      }
    }
  }
  for (const one of exceptions) if (!used.has(one)) report(`${boundedFile}: ${one.expression} is not in ${one.place}`)
  if (isWritten) writeFileSync(knownFile, `${JSON.stringify([...linear].sort(), null, 1)}\n`)
  console.log(`${all.length} regular expressions, ${faults} of them with a fault`)
  process.exitCode = faults ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
