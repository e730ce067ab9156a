// Remember what short parts of pages mean, because most of them are on many pages of a site.

/** Number of results that are remembered, a power of two, and bytes of the longest part with a result. */
const SLOTS = 16_384
export const LONGEST_KNOWN = 200
/** Bytes of a longer part that are examined. */
const LONGEST = 1000
/** An odd number that the author of a page cannot know. With a known one, names with equal hashes could be chosen. */
const FACTOR = Math.floor(Math.random() * 2 ** 31) | 1

/** A cache of results for parts of pages. A slot holds the result for the last part that was mapped to it. */
export class Judgements {
  /**
   * @param {(tree: import('./tree.mjs').Tree, from: number, to: number) => number} judge Returns the result for a part.
   * @param {number} [longest] Bytes of a part that are examined.
   */
  constructor(judge, longest = LONGEST) {
    this.judge = judge
    this.longest = longest
    // A part is identified by its hash and length; the probability that two parts share both is about 1 in 10^9.
    this.hashes = new Int32Array(SLOTS)
    this.lengths = new Uint8Array(SLOTS)
    this.results = new Int32Array(SLOTS)
  }

  /**
   * Return the result for a part of a page; 0 for a single byte.
   *
   * @param {import('./tree.mjs').Tree} tree
   * @param {number} from
   * @param {number} to
   */
  of(tree, from, to) {
    const { codes } = tree
    const length = to - from
    // Highlighters use one-letter classes for each word of code.
    if (length < 2) return 0
    if (length > LONGEST_KNOWN) return this.judge(tree, from, Math.min(to, from + this.longest))
    let hash = length
    for (let at = from; at < to; at++) {
      hash = Math.imul(hash ^ codes[at], FACTOR)
      // Without this step, some pairs of parts have equal hashes with every factor.
      hash ^= hash >>> 15
    }
    const slot = (hash ^ (hash >>> 14)) & (SLOTS - 1)
    if (this.hashes[slot] !== hash || this.lengths[slot] !== length) {
      this.hashes[slot] = hash
      this.lengths[slot] = length
      this.results[slot] = this.judge(tree, from, to)
    }
    return this.results[slot]
  }
}
