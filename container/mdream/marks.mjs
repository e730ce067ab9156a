// What an element's attributes say about it, as bits: those that names have, and these.
import { HIDDEN, judgeClass, judgeId, judgeRole } from './names.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Is said to be the main part. */
export const MAIN = 8
/** Is said to be the text of an article. */
export const ARTICLE = 16

const { 'aria-hidden': ARIA_HIDDEN, 'aria-label': ARIA_LABEL, class: CLASS, hidden: IS_HIDDEN, id: IDENTITY,
  itemprop: ITEMPROP, role: ROLE, style: STYLE } = ATTRIBUTE
const HIDDEN_STYLE = /display\s*:\s*none/i

/** Return what the newest attributes of a tree, from a place on, say about their element. */
export function judge(tree, tag, first) {
  const end = tree.attributes
  let mark = 0
  for (let place = first; place < end; place++) {
    const name = tree.attributeName[place]
    if (name === CLASS) mark |= judgeClass(tree, tree.attributeFrom[place], tree.attributeTo[place])
    else if (name === IDENTITY) mark |= judgeId(tree, tree.attributeFrom[place], tree.attributeTo[place])
    else if (OTHERS[name]) mark |= judgeOther(name, tree.value(place).toLowerCase(), tag)
  }
  return mark
}

const OTHERS = new Uint8Array(256)
for (const name of [ARIA_HIDDEN, ARIA_LABEL, IS_HIDDEN, ITEMPROP, ROLE, STYLE]) OTHERS[name] = 1

function judgeOther(name, value, tag) {
  switch (name) {
    case ARIA_HIDDEN: return value === 'true' ? HIDDEN : 0
    case ARIA_LABEL: return value === 'breadcrumbs' ? HIDDEN : 0
    case IS_HIDDEN: return HIDDEN
    case ITEMPROP: return value === 'articlebody' ? ARTICLE : 0
    case ROLE:
      if (value === 'main') return MAIN
      return value === 'search' && tag === ID.form ? HIDDEN : judgeRole(value)
    default: return HIDDEN_STYLE.test(value) ? HIDDEN : 0
  }
}
