// Answer requests in frames over standard input and output until standard input ends.
//
// Numbers are unsigned 32-bit integers, big endian; texts are UTF-8. Responses have the order of the requests.
// Request: 1 if facts are wanted, else 0; length of the URL, length of the HTML; URL, HTML.
// Response: status (0: success), length of the facts, length of the text; facts (JSON of all facts but the navigation, a
// line feed, JSON of the navigation), then Markdown or the error message.
//
// Reads and writes are blocking: the process has no other work, and an event loop would add copies and memory.
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

/** Writes most responses; a larger one gets a buffer of its own. */
const usual = Buffer.allocUnsafeSlow(512 * 1024)
/** Bytes of a character of a string in UTF-8, at most. */
const WIDEST = 3

function answer(status, facts, text) {
  if (12 + WIDEST * (facts.length + text.length) <= usual.length) {
    const factsLength = usual.write(facts, 12)
    const length = usual.write(text, 12 + factsLength)
    writeHead(usual, status, factsLength, length)
    writeFully(usual.subarray(0, 12 + factsLength + length))
    return
  }
  const factsLength = Buffer.byteLength(facts)
  const length = Buffer.byteLength(text)
  const buffer = Buffer.allocUnsafe(12 + factsLength + length)
  writeHead(buffer, status, factsLength, length)
  buffer.write(facts, 12)
  buffer.write(text, 12 + factsLength)
  writeFully(buffer)
}

function writeHead(buffer, status, factsLength, length) {
  buffer.writeUInt32BE(status, 0)
  buffer.writeUInt32BE(factsLength, 4)
  buffer.writeUInt32BE(length, 8)
}

/** Answer each request with the facts and the text that `convert(page, url, wantsFacts)` returns, or with the
 * message of its error. `page` is a buffer that is valid until `convert` returns.
 */
export function serve(convert) {
  const question = Buffer.alloc(12)
  let body = Buffer.allocUnsafeSlow(256 * 1024)
  for (;;) {
    readFully(question, 12)
    const wantsFacts = question.readUInt32BE(0) === 1
    const urlLength = question.readUInt32BE(4)
    const htmlLength = question.readUInt32BE(8)
    const length = urlLength + htmlLength
    if (length > body.length) body = Buffer.allocUnsafeSlow(length * 2)
    readFully(body, length)
    const url = body.toString('utf8', 0, urlLength)
    try {
      answer(0, ...convert(body.subarray(urlLength, length), url, wantsFacts))
    } catch (error) {
      answer(1, '', String(error instanceof Error ? error.message : error).slice(0, 200))
    }
  }
}
