// Boxes about the author of a forum post: the name is kept, because it says who wrote the post.
import { HEADING, ID, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const LONGEST_NAME = 60
const OF_NAME = /(?:^|[\s_-])(?:user-?name|author|poster|nick-?name|hnuser)/i
/** Addresses of the pages of members. */
const OF_MEMBER = /(?:^|\/)(?:u|users?|members?|profile|people)(?:\/|\.php\?|\?)[^/]|[?&]u(?:ser)?(?:name|id)?=/i

/**
 * Leave out boxes about the authors of posts, without the names in them.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number[]} boxes In the order of the source.
 */
export function leaveOutPosters(tree, measure, boxes) {
  let end = 0
  for (const box of boxes) {
    if (box < end || tree.gone[box]) continue
    end = tree.end[box]
    const name = nameIn(tree, measure, box)
    if (name < 0) tree.leaveOut(box)
    else leaveOutAround(tree, box, name)
  }
}

/** Return the heading or the link that is the name of a post's author, or -1. */
function nameIn(tree, measure, box) {
  for (let node = box + 1; node < tree.end[box]; node++) {
    if (tree.gone[node]) {
      node = tree.end[node] - 1
      continue
    }
    const tag = tree.tag[node]
    const isName = PROPERTIES[tag] & HEADING || (tag === ID.a && (OF_NAME.test(tree.get(node, ATTRIBUTE.class)) || OF_MEMBER.test(tree.get(node, ATTRIBUTE.href))))
    if (isName && measure.length(node) > 1 && measure.length(node) <= LONGEST_NAME) return node
  }
  return -1
}

/** Leave out all of a box but one of its parts. */
function leaveOutAround(tree, box, part) {
  for (let node = part; node !== box; node = tree.parent[node]) {
    const above = tree.parent[node]
    for (let child = above + 1; child < tree.end[above]; child = tree.end[child]) if (child !== node) tree.leaveOut(child)
  }
}

/**
 * Return the part that contains a post and the posts beside it, which have the same class. The part itself is returned if
 * there are no others.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {number[]} candidates Parts that are named as content, in the order of the source.
 * @param {number} post The one with most of the prose.
 */
export function withOtherPosts(tree, candidates, post) {
  const name = tree.get(post, ATTRIBUTE.class)
  const beside = candidates.filter((node) => (node < post ? tree.end[node] <= post : node >= tree.end[post]) && tree.get(node, ATTRIBUTE.class) === name)
  let part = post
  while (part > 0 && beside.some((node) => node < part || node >= tree.end[part])) part = tree.parent[part]
  return part
}
