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

/** @type {((html: string, origin: string) => string) | undefined} */
let toMarkdown

/**
 * Convert a whole page with Mdream.
 *
 * @param {string} html
 * @param {string} origin Base address of its links.
 * @returns {string} Markdown.
 */
export function wholePage(html, origin) {
  // Loaded for the first such page, because few crawls need it.
  toMarkdown ??= native() ?? webAssembly()
  return toMarkdown(html, origin).trim()
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
