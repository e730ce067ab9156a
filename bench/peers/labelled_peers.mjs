// The main text of pages with readability.js and defuddle, for bench.labelled: lines of {id, url, html} on standard
// input, one line of {name, seconds, texts} a peer out.
import { readFileSync } from 'node:fs'
import { Readability } from '@mozilla/readability'
import { JSDOM, VirtualConsole } from 'jsdom'
import { Defuddle } from 'defuddle/node'

const pages = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
const quiet = new VirtualConsole()
console.log = console.warn = console.error = () => undefined

const within = async (html, url, use) => {
  const dom = new JSDOM(html, { url, virtualConsole: quiet })
  try {
    return await use(dom)
  } finally {
    dom.window.close()
  }
}
const textOf = (html) => within(html, undefined, (dom) => dom.window.document.body.textContent)

const peers = {
  'readability.js': ({ html, url }) => within(html, url, (dom) => new Readability(dom.window.document).parse()?.textContent ?? ''),
  defuddle: async ({ html, url }) => textOf((await within(html, url, (dom) => Defuddle(dom, url))).content),
}

for (const [name, extract] of Object.entries(peers)) {
  const texts = {}
  const began = performance.now()
  for (const page of pages) {
    try {
      texts[page.id] = await extract(page)
    } catch {
      texts[page.id] = ''
    }
  }
  process.stdout.write(`${JSON.stringify({ name, seconds: (performance.now() - began) / 1000, texts })}\n`)
}
