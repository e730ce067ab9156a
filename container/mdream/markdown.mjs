// Mdream: its native binding where one is installed for this machine, otherwise its own WebAssembly build, whose output
// is the same and which takes about half as long again.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** @typedef {(html: string, origin: string) => string} ToMarkdown */

/** @returns {Promise<ToMarkdown>} */
async function native() {
  const { htmlToMarkdown } = await import('mdream')
  return (html, origin) => htmlToMarkdown(html, { clean: true, isolateMain: false, origin })
}

/** @returns {Promise<ToMarkdown>} */
async function webAssembly() {
  const { initSync, htmlToMarkdownResult } = await import('mdream/wasm')
  const file = createRequire(import.meta.url).resolve('mdream/wasm/mdream_edge_bg.wasm')
  initSync({ module: readFileSync(file) })
  // What the package makes of `clean: true` for its native binding.
  const clean = {
    urls: true,
    fragments: true,
    emptyLinks: true,
    redundantLinks: true,
    selfLinkHeadings: true,
    emptyImages: true,
    emptyLinkText: true,
  }
  return (html, origin) => htmlToMarkdownResult(html, { origin, cleanUrls: true, clean, plugins: {} }).markdown ?? ''
}

/** Convert HTML, with links resolved against `origin`. */
export const toMarkdown = await native().catch(webAssembly)
