// Frames over pipes, until standard input ends.
//
// Question: length of the URL, length of the HTML (unsigned 32-bit, big endian), URL, HTML (UTF-8).
// Answer: status (0 is well), length, then Markdown or the reason. Answers keep the order of the questions.
//
// Reads and writes block on purpose: there is nothing else to do meanwhile, and an event loop would only
// add copies and memory.
import { readSync, writeSync } from 'node:fs'

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

/** Answer questions with what `convert(html, url)` returns, or with why it threw. */
export function serve(convert) {
  const question = Buffer.alloc(8)
  let body = Buffer.allocUnsafeSlow(256 * 1024)
  for (;;) {
    readFully(question, 8)
    const urlLength = question.readUInt32BE(0)
    const htmlLength = question.readUInt32BE(4)
    const length = urlLength + htmlLength
    if (length > body.length) body = Buffer.allocUnsafeSlow(length * 2)
    readFully(body, length)
    const url = body.toString('utf8', 0, urlLength)
    const html = body.toString('utf8', urlLength, length)
    try {
      answer(0, convert(html, url))
    } catch (error) {
      answer(1, String(error?.message ?? error).slice(0, 200))
    }
  }
}
