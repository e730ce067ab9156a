// Parts that are named as comments: the posts of a forum, or what readers wrote about an article.
import { outermost } from './measure.mjs'
import { COMMENTS } from './names.mjs'

/** Maximum share of the prose in comments on the posts of a forum. */
const MOST_REMARKS = 0.4
/** Characters of prose outside of comments from which a page is an article with many comments. */
const LONG_TEXT = 500
/** Parts that are named as comments and that are read. */
const MOST_PARTS = 50

/**
 * Return whether the parts of a forum that are named as comments contain its posts, not comments on posts.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 */
export function hasPostsAsComments(tree, measure, main, pageType) {
  if (pageType !== 'forum') return false
  const written = outermost(tree, tree.toldBelow(main, (node) => tree.marks[node] & COMMENTS))
  return written.reduce((sum, node) => sum + measure.prose(node), 0) > MOST_REMARKS * measure.prose(main)
}

/** Return whether a part contains the comments on an article, which may be longer than the article. Parameters: as above. */
export function isLongDiscussion(tree, measure, node, pageType) {
  return pageType === 'article' && Boolean(tree.marks[node] & COMMENTS) && measure.prose(0) - measure.prose(node) > LONG_TEXT
}

/** Return a function that returns the characters of prose in a part without what readers wrote about the page. */
export function proseWithoutComments(tree, measure) {
  const parts = outermost(tree, tree.toldBelow(0, (node) => tree.marks[node] & COMMENTS)).slice(0, MOST_PARTS)
  return (node) => parts.reduce((prose, part) => {
    if (part <= node && node < tree.end[part]) return 0
    return node < part && part < tree.end[node] ? prose - measure.prose(part) : prose
  }, measure.prose(node))
}
