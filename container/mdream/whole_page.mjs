// Pages that the converter cannot hold as a tree: Mdream converts them as a stream, in memory that does not grow with
// the number of elements. Nothing is left out of such a page but menus and the like by the names of their elements.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
/** What `clean: true` stands for, but for images without a description, which are content. */
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
 * @param {string} origin Address that its links are relative to.
 * @returns {string} Markdown.
 */
export function wholePage(html, origin) {
  // Loaded at the first such page, because a crawl seldom meets one.
  toMarkdown ??= native() ?? webAssembly()
  return toMarkdown(html, origin).trim()
}

/** Mdream's native binding, where one is installed for this machine. */
function native() {
  try {
    const { htmlToMarkdown } = require('mdream')
    return (html, origin) => htmlToMarkdown(html, { clean: CLEAN, origin, filter: FILTER })
  } catch {
    return undefined
  }
}

/** Its WebAssembly build, whose output is the same. */
function webAssembly() {
  const { initSync, htmlToMarkdownResult } = require('mdream/wasm')
  initSync({ module: readFileSync(require.resolve('mdream/wasm/mdream_edge_bg.wasm')) })
  return (html, origin) =>
    htmlToMarkdownResult(html, { origin, cleanUrls: true, clean: CLEAN, plugins: { filter: FILTER } }).markdown ?? ''
}
