// The converter process: HTML in, Markdown out, over pipes, until standard input ends.
//
// Question: length of the URL, length of the HTML, flags (unsigned 32-bit, big endian), URL, HTML (UTF-8).
// Answer: status (0 is well), length, then Markdown or the reason. Answers keep the order of the questions.
//
// Reads and writes block on purpose: there is nothing else to do meanwhile, and an event loop would only
// add copies and memory.
import { readSync, writeSync } from 'node:fs'
import { htmlToMarkdown } from 'mdream'

const HAS_MAIN = 1
const MAIN = ['main', 'article', '[role=main]']

// What surrounds the text of a page on the sites of this world. `header` is not here for pages that mark
// their main part: inside it, a header carries the title.
const NOISE = [
  'head', 'nav', 'footer', 'noscript', 'template', 'svg', 'button', 'select', 'input', 'textarea', 'dialog',
  '[role=navigation]', '[role=banner]', '[role=contentinfo]', '[role=search]', '[role=menu]', '[role=menubar]',
  '[hidden]', '[aria-hidden=true]',
  '.headerlink', '.header-link', '.header-anchor', '.hash-link', '.anchor-link', '.heading-anchor', '.anchorjs-link',
  '.sidebar', '#sidebar', '.side-bar', '.sidenav', '.sphinxsidebar', '.md-sidebar', '.toc', '#toc',
  '.table-of-contents', '#TOC', '.breadcrumb', '.breadcrumbs', '.related', '.prev-next-area', '.pagination',
  '.skip-link', '.skip-to-content', '.visually-hidden', '.sr-only',
  '.cookie-banner', '#cookie-banner', '.cookie-consent', '#cookie-consent', '#onetrust-consent-sdk',
]
const NOISE_AROUND = [...NOISE, 'header', 'aside']

// Fewer characters than this is no content: the site's `main` was empty, or we threw too much away.
const NEAR_EMPTY = 80

function convert(html, origin, hasMain) {
  const options = { origin, clean: true, isolateMain: false }
  const attempts = [
    ...(hasMain ? [{ include: MAIN, exclude: NOISE }] : []),
    { exclude: NOISE_AROUND },
    { exclude: ['head', 'noscript', 'template', 'svg'] },
  ]
  let best = ''
  for (const filter of attempts) {
    const markdown = htmlToMarkdown(html, { ...options, filter }).trim()
    // A little more is the page's frame coming back; only much more is content that was missed.
    if (best === '' || markdown.length > 3 * best.length) best = markdown
    if (best.length >= NEAR_EMPTY) break
  }
  return best
}

function readFully(buffer, length) {
  let at = 0
  while (at < length) {
    const count = readSync(0, buffer, at, length - at, null)
    if (count === 0) process.exit(0)
    at += count
  }
}

function writeFully(buffer) {
  let at = 0
  while (at < buffer.length) at += writeSync(1, buffer, at, buffer.length - at)
}

function answer(status, text) {
  const length = Buffer.byteLength(text)
  const buffer = Buffer.allocUnsafe(8 + length)
  buffer.writeUInt32BE(status, 0)
  buffer.writeUInt32BE(length, 4)
  buffer.write(text, 8)
  writeFully(buffer)
}

const question = Buffer.alloc(12)
let body = Buffer.allocUnsafeSlow(256 * 1024)
for (;;) {
  readFully(question, 12)
  const urlLength = question.readUInt32BE(0)
  const htmlLength = question.readUInt32BE(4)
  const length = urlLength + htmlLength
  if (length > body.length) body = Buffer.allocUnsafeSlow(length * 2)
  readFully(body, length)
  const url = body.toString('utf8', 0, urlLength)
  const html = body.toString('utf8', urlLength, length)
  try {
    answer(0, convert(html, url, (question.readUInt32BE(8) & HAS_MAIN) !== 0))
  } catch (error) {
    answer(1, String(error?.message ?? error).slice(0, 200))
  }
}
