// Move the late parts of a streamed page to their places.
//
// React and Next send a page with placeholders. The content of each placeholder follows later in a hidden container
// at the end of the page, with a script that moves it. Readers see the moved content, so it is moved here before the
// page is parsed.

const SEGMENT = /<div hidden(?:="")? id="S:([0-9a-f]{1,8})">/g
const DIVISION = /<(\/?)div(?=[\s>])/gi
/** Script calls that fill a boundary (`B:`) or a placeholder in a segment (`P:`). */
const CALL = /\$R(?:[CR]\("(B:[0-9a-f]{1,8})","S:([0-9a-f]{1,8})"|S\("S:([0-9a-f]{1,8})","(P:[0-9a-f]{1,8})")/g
const PLACEHOLDER = /(?:<!--\$[?~]?-->)?<template id="([BP]:[0-9a-f]{1,8})"><\/template>/g
const BOUNDARY = /<!--(\/?)\$[^>]{0,3}-->/g
/** Maximum number of segments of one page, and maximum nesting. */
const MOST_SEGMENTS = 2000
const DEEPEST = 50

/** @typedef {{ from: number, to: number, contentFrom: number, contentTo: number }} Segment */

/** Return a page with its late parts moved to their places.
 *
 * @param {Buffer} bytes The page in UTF-8.
 * @returns {Buffer} The same bytes when the page has no late parts.
 */
export function placed(bytes) {
  // The first search is fast, because few pages contain a capital S before a colon.
  if (!bytes.includes('S:') || !bytes.includes('id="S:')) return bytes
  // Latin-1 maps each byte to one character and back.
  const source = bytes.toString('latin1')
  const segments = segmentsOf(source)
  const wanted = wantedOf(source, segments)
  if (!wanted.size) return bytes
  const moved = new Set(wanted.values())
  const page = new Placing(source, wanted)
  let from = 0
  for (const segment of segments.values()) {
    if (!moved.has(segment)) continue
    page.write(from, segment.from, 0)
    from = segment.to
  }
  page.write(from, source.length, 0)
  return Buffer.from(page.pieces.join(''), 'latin1')
}

/** Return the hidden containers of late parts by their numbers, in the order of the source. */
function segmentsOf(source) {
  /** @type {Map<string, Segment>} */
  const found = new Map()
  SEGMENT.lastIndex = 0
  for (let start = SEGMENT.exec(source); start !== null && found.size < MOST_SEGMENTS; start = SEGMENT.exec(source)) {
    const contentFrom = SEGMENT.lastIndex
    DIVISION.lastIndex = contentFrom
    let tag = DIVISION.exec(source)
    for (let depth = tag?.[1] ? 0 : 2; tag !== null && depth > 0; depth += tag?.[1] ? -1 : 1) tag = DIVISION.exec(source)
    // A container without an end tag contains the rest of the page.
    if (tag === null) return found
    const to = source.indexOf('>', tag.index) + 1
    if (to === 0) return found
    found.set(start[1], { from: start.index, to, contentFrom, contentTo: tag.index })
    SEGMENT.lastIndex = to
  }
  return found
}

/** Return the segments by the IDs of the placeholders that the page's scripts move them to. */
function wantedOf(source, segments) {
  /** @type {Map<string, Segment>} */
  const found = new Map()
  const places = new Set(Array.from(source.matchAll(PLACEHOLDER), (match) => match[1]))
  for (const [, boundary, inBoundary, inSegment, placeholder] of source.matchAll(CALL)) {
    const segment = segments.get(inBoundary ?? inSegment)
    const place = boundary ?? placeholder
    if (segment && places.has(place)) found.set(place, segment)
    if (found.size === MOST_SEGMENTS) break
  }
  return found
}

class Placing {
  constructor(source, wanted) {
    this.source = source
    this.wanted = wanted
    this.written = new Set()
    this.pieces = []
    /** The placeholders that are replaced, in the order of the source. */
    this.places = Array.from(source.matchAll(PLACEHOLDER)).filter((found) => wanted.has(found[1]))
    this.boundaries = new Boundaries(source)
  }

  /** Write a part of the page, with placeholders replaced by their segments. */
  write(from, to, depth) {
    const { source, places } = this
    for (let at = firstFrom(places, from); at < places.length && places[at].index < to; at++) {
      const found = places[at]
      const segment = this.wanted.get(found[1])
      if (found.index < from || this.written.has(segment) || depth === DEEPEST) continue
      this.written.add(segment)
      this.pieces.push(source.slice(from, found.index))
      this.write(segment.contentFrom, segment.contentTo, depth + 1)
      const end = found.index + found[0].length
      from = found[1].startsWith('B') ? this.boundaries.endOf(end, to) : end
    }
    this.pieces.push(source.slice(from, to))
  }
}

/** The comments that mark the beginnings and the ends of boundaries. */
class Boundaries {
  constructor(source) {
    this.marks = Array.from(source.matchAll(BOUNDARY))
    /** For each mark, the mark that ends the boundary that is open before it; -1 if there is none. */
    this.ends = new Int32Array(this.marks.length).fill(-1)
    const open = []
    for (const [at, mark] of this.marks.entries()) {
      open.push(at)
      if (!mark[1]) {
        open.push(-1)
        continue
      }
      // All marks since the beginning of the boundary that ends here.
      for (let one = open.pop(); one !== undefined && one !== -1; one = open.pop()) this.ends[one] = at
    }
  }

  /** Return the end of the fallback that is shown until the late part arrives, or its start if it has no end. */
  endOf(from, to) {
    const end = this.marks[this.ends[firstFrom(this.marks, from)]]
    return end !== undefined && end.index < to ? end.index + end[0].length : from
  }
}

/** Return the place of the first match from a position on. */
function firstFrom(matches, position) {
  let low = 0
  let high = matches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (matches[middle].index < position) low = middle + 1
    else high = middle
  }
  return low
}
