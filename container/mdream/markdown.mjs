// Mdream: its native binding where one is installed for this machine, otherwise its own WebAssembly build, whose output
// is the same and which takes about half as long again.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// What the package makes of `clean: true`, but for images without a description, which are chosen before.
const CLEAN = {
  urls: true,
  fragments: true,
  emptyLinks: true,
  redundantLinks: true,
  selfLinkHeadings: true,
  emptyImages: false,
  emptyLinkText: true,
}

/** @typedef {(html: string, origin: string) => string} ToMarkdown */

/** @returns {Promise<ToMarkdown>} */
async function native() {
  const { htmlToMarkdown } = await import('mdream')
  return (html, origin) => htmlToMarkdown(html, { clean: CLEAN, isolateMain: false, origin })
}

/** @returns {Promise<ToMarkdown>} */
async function webAssembly() {
  const { initSync, htmlToMarkdownResult } = await import('mdream/wasm')
  const file = createRequire(import.meta.url).resolve('mdream/wasm/mdream_edge_bg.wasm')
  initSync({ module: readFileSync(file) })
  return (html, origin) => htmlToMarkdownResult(html, { origin, cleanUrls: true, clean: CLEAN, plugins: {} }).markdown ?? ''
}

/** Convert HTML, with links resolved against `origin`. */
export const toMarkdown = await native().catch(webAssembly)
