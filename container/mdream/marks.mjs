// Marks that describe an element by its attributes, as bits: those of `names.mjs`, and these.
import { ALWAYS, AUTHOR, COMMENTS, CONTENT, DROPPED, FILED, FOLDED, HIDDEN, OFFER, OF_ROLE, OUTSIDE, PANEL, TAB, TABS, judgeClass, judgeId, judgeRole } from './names.mjs'
import { HEADING, ID, INLINE, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Marked as the main part. */
export const MAIN = 8
/** Marked as the text of an article. */
export const ARTICLE = 16

const { 'aria-hidden': ARIA_HIDDEN, 'aria-label': ARIA_LABEL, class: CLASS, hidden: IS_HIDDEN, id: IDENTITY,
  itemprop: ITEMPROP, role: ROLE, style: STYLE, 'x-collapse': COLLAPSE } = ATTRIBUTE
/** Roles that name another element, and the elements that have no meaning of their own. */
const ROLE_NAMES = new Set(['heading', 'table', 'row', 'cell', 'columnheader', 'rowheader'])
const NEUTRAL = ids('div', 'p', 'span')
export const HIDDEN_STYLE = /display\s*:\s*none/i

// Generators derive their ids from their text, for links: a heading "Comments" does not mark readers' comments.
const ANCHORS = Uint8Array.from(PROPERTIES, (properties) => (properties & (HEADING | INLINE) ? 1 : 0))
for (const name of ['dd', 'dt', 'pre', 'tr']) ANCHORS[ID[name]] = 1
// The same applies to the ids of the sections of docutils, DocBook and Texinfo, unless a section may be the main part.
const ACCORDION = /(?:^|\s)(?:panel-group|accordion)(?:\s|$)/
const SECTION_CLASS = new RegExp(
  String.raw`(?:^|\s)(?:(?:sub){0,2}section|(?:ref)?sect\d|chapter|(?:appendix|unnumbered)(?:(?:sub){0,2}sec)?)(?:-level-extent)?(?:\s|$)`,
)

/** Return the marks of an element by the newest attributes of the tree, from the index `first` on. */
export function judge(tree, tag, first) {
  const end = tree.attributes
  let mark = 0
  for (let place = first; place < end; place++) {
    const name = tree.attributeName[place]
    if (name === CLASS) mark |= judgeClass(tree, tree.attributeFrom[place], tree.attributeTo[place])
    else if (name === IDENTITY && !ANCHORS[tag]) mark |= judgeIdentity(tree, tag, first, place)
    else if (OTHERS[name]) mark |= judgeOther(name, tree.value(place).toLowerCase(), tag)
  }
  // The panels of an accordion are not tabs, whatever its role.
  return mark & TABS && mark & FOLDED && isAccordion(tree, first) ? mark & ~TABS : mark
}

function isAccordion(tree, first) {
  for (let place = first; place < tree.attributes; place++) {
    if (tree.attributeName[place] === CLASS) return ACCORDION.test(tree.value(place))
  }
  return false
}

function judgeIdentity(tree, tag, first, place) {
  const mark = judgeId(tree, tree.attributeFrom[place], tree.attributeTo[place])
  if (mark & (AUTHOR | FILED | OFFER) && tag === ID.section && !hasClass(tree, first)) return mark & CONTENT
  if (!(mark & (ALWAYS | OUTSIDE | COMMENTS))) return mark
  return tag === ID.section || (tag === ID.div && isSection(tree, first)) ? mark & CONTENT : mark
}

function hasClass(tree, first) {
  for (let place = first; place < tree.attributes; place++) if (tree.attributeName[place] === CLASS) return true
  return false
}

function isSection(tree, first) {
  for (let place = first; place < tree.attributes; place++) {
    if (tree.attributeName[place] === CLASS) return SECTION_CLASS.test(tree.value(place))
  }
  return false
}

const OTHERS = new Uint8Array(256)
for (const name of [ARIA_HIDDEN, ARIA_LABEL, IS_HIDDEN, ITEMPROP, ROLE, STYLE, COLLAPSE]) OTHERS[name] = 1

function judgeOther(name, value, tag) {
  switch (name) {
    case ARIA_HIDDEN: return value === 'true' ? HIDDEN : 0
    case ARIA_LABEL: return value === 'breadcrumbs' || value === 'breadcrumb' ? DROPPED : 0
    case IS_HIDDEN: return value === 'until-found' ? 0 : HIDDEN
    // Alpine folds the part with this attribute.
    case COLLAPSE: return FOLDED
    case ITEMPROP: return value === 'articlebody' ? ARTICLE : 0
    case ROLE:
      if (value === 'main') return MAIN
      if (value === 'tabpanel') return FOLDED | PANEL
      if (value === 'region') return FOLDED
      if (value === 'tab') return TAB
      if (value === 'tablist') return TABS
      if (ROLE_NAMES.has(value) && NEUTRAL[tag]) return OF_ROLE
      return value === 'search' && tag === ID.form ? DROPPED : judgeRole(value)
    default: return HIDDEN_STYLE.test(value) ? HIDDEN : 0
  }
}
