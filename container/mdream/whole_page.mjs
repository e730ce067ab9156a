// Convert pages that do not fit into a tree. Mdream converts them as a stream, in memory that does not grow with the
// number of elements. Only menus and similar parts are left out, recognised by their element names.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
/** The options of `clean: true`, except that images without a description are kept, because they are content. */
const CLEAN = {
  urls: true,
  fragments: true,
  emptyLinks: true,
  redundantLinks: true,
  selfLinkHeadings: true,
  emptyImages: false,
  emptyLinkText: true,
}
const FILTER = { exclude: ['head', 'title', 'nav', 'footer', 'aside', 'form', 'button', 'select', '[role=navigation]'] }

const WITH_ADDRESS = ['href', 'src']
/** Elements that indent lines, elements that begin lines, and the lines of preformatted text. */
const LINES = /<(\/?)(?:(blockquote|ol|ul)|(pre)|(?:article|br|dd|div|dt|h[1-6]|hr|li|p|section|table|tr))(?=[\s/>])|\n/gi
/** Characters that a level adds to a line at most, together with the empty line before it. */
const INDENTATION = 4
/**
 * Characters that absolute addresses may add to the Markdown, and the beginnings of its lines; Mdream writes all of them
 * before anything can end it.
 */
const MOST_ADDED = 20_000_000

/** @type {((html: string, origin: string) => string) | undefined} */
let toMarkdown

/**
 * Convert a whole page with Mdream. Parsers read some of its Markdown in different ways, so it is cleaned as that of a site.
 *
 * @param {string} html
 * @param {string} origin Base address of its links.
 * @returns {string} Markdown.
 * @throws {Error} The addresses of its links, or the beginnings of its lines, would be too long together.
 */
export function wholePage(html, origin) {
  if (addressesOf(html) * origin.length > MOST_ADDED) throw new Error('the addresses of its links are too long together')
  if (indentationOf(html) > MOST_ADDED) throw new Error('its quotations and lists have too many lines')
  // Loaded for the first such page, because few crawls need it.
  toMarkdown ??= native() ?? webAssembly()
  return toMarkdown(html, origin).trim()
}

/** Return how many addresses of links and images a page may have. */
function addressesOf(html) {
  const lower = html.toLowerCase()
  let count = 0
  for (const name of WITH_ADDRESS) for (let at = lower.indexOf(name); at >= 0; at = lower.indexOf(name, at + name.length)) count++
  return count
}

/** Return how many characters the lines in quotations and lists begin with, at most. */
function indentationOf(html) {
  let depth = 0
  let isPreformatted = false
  let characters = 0
  for (const [sign, end, indenting, preformatted] of html.matchAll(LINES)) {
    if (indenting) depth = Math.max(0, depth + (end ? -1 : 1))
    if (preformatted) isPreformatted = !end
    if (sign !== '\n' ? !end : isPreformatted) characters += INDENTATION * depth
  }
  return characters
}

/** Load Mdream's native binding, if one is installed for this machine. */
function native() {
  try {
    const { htmlToMarkdown } = require('mdream')
    return (html, origin) => htmlToMarkdown(html, { clean: CLEAN, origin, filter: FILTER })
  } catch {
    return undefined
  }
}

/** Load Mdream's WebAssembly build, which gives the same output. */
function webAssembly() {
  const { initSync, htmlToMarkdownResult } = require('mdream/wasm')
  initSync({ module: readFileSync(require.resolve('mdream/wasm/mdream_edge_bg.wasm')) })
  return (html, origin) =>
    htmlToMarkdownResult(html, { origin, cleanUrls: true, clean: CLEAN, plugins: { filter: FILTER } }).markdown ?? ''
}
