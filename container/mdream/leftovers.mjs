// Remove leftovers after parts of a page were left out: headings of removed parts, and counts of views, words and
// minutes.
import { isPageTitle } from './heading.mjs'
import { holds, textOf } from './measure.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { countBelow } from './tree.mjs'

/** Characters of a line with counts, and the number of short blocks of a page that are examined. */
const LONGEST_COUNTS = 80
const MOST_EXAMINED = 300
/** Nodes of a page that are examined below headings. */
const MOST_WORK = 10_000_000

const NEVER_COUNTS = ids('blockquote', 'code', 'dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'pre', 'table')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const ITEMS = ids('li')
const BLOCKS = ids('div', 'p')
const PARTS = ids('small', 'span')
/** Visible elements without text; a heading above one of them is kept. */
const SEEN = ids('audio', 'canvas', 'embed', 'hr', 'iframe', 'img', 'input', 'math', 'object', 'svg', 'video')

const NUMBER = String.raw`(?:ca\.?|about|approx\.?|etwa|environ|unos|circa|около|約|约|大约|大約)?[~≈<:：\s]*[\d٠-٩][\d٠-٩.,\s]{0,9}(?:[km万萬]\b)?`
const COUNTS = [
  String.raw`${NUMBER}[-\s]?min(?:ute)?s?\.?(?: to)? read(?:ing)?(?: time)?|(?:estimated |average )?read(?:ing)? time\W*${NUMBER}\s?(?:min(?:ute)?s?)?(?: read)?`,
  String.raw`${NUMBER} (?:page )?(?:views?|reads|words|claps)|(?:views|word count|words|page views)\W*${NUMBER}`,
  String.raw`(?:阅读(?:次数|时长|时间|量|数)?|閱讀(?:次數|時間|量)?|本文字数|本文字數|字数(?:统计|总计)?|字數(?:統計)?|浏览(?:次数|量)?|瀏覽(?:次數|量)?|访问(?:次数|量)|热度|预计阅读(?:时间)?|预计时长)[:：]?\s*(?:${NUMBER})?\s*(?:分钟|分鐘|字|次|mins?\.?)?`,
  String.raw`(?:この記事は)?${NUMBER}\s?分で読め(?:ます|る)|読了(?:時間|目安|まで)?[:：]?\s*${NUMBER}\s?分|閲覧(?:数|回数)[:：]?\s*${NUMBER}|${NUMBER}\s?(?:文字|回閲覧)`,
  String.raw`${NUMBER}\s?분 (?:읽기|분량|소요)|(?:읽는 시간|조회수?)\s*[:：]?\s*${NUMBER}\s?(?:분|회)?`,
  String.raw`(?:geschätzte )?(?:lesezeit|lesedauer)\W*${NUMBER}\s?(?:min(?:uten?)?\.?)?|${NUMBER} min(?:uten?)?\.? (?:lesezeit|lesedauer|zu lesen)|${NUMBER} (?:aufrufe|ansichten|wörter)`,
  String.raw`(?:temps de )?lecture(?: de)?\W*${NUMBER}\s?min(?:utes?)?\.?|${NUMBER} min(?:utes?)?\.? de lecture|${NUMBER} (?:vues?|lectures|mots)`,
  String.raw`(?:tiempo de )?lectura(?: de)?\W*${NUMBER}\s?min(?:utos?)?\.?|${NUMBER} min(?:utos?)?\.? de lectura|${NUMBER} (?:visitas|vistas|lecturas|palabras)`,
  String.raw`(?:tempo de )?leitura(?: de)?\W*${NUMBER}\s?min(?:utos?)?\.?|${NUMBER} min(?:utos?)?\.? de leitura|${NUMBER} (?:visualizações|leituras|palavras)`,
  String.raw`(?:tempo di )?lettura\W*${NUMBER}\s?min(?:ut[io])?\.?|${NUMBER} min(?:ut[io])?\.? di lettura|${NUMBER} (?:visualizzazioni|letture|parole)`,
  String.raw`leestijd\W*${NUMBER}\s?min(?:uten|uut)?\.?|${NUMBER} min(?:uten|uut)?\.? (?:leestijd|lezen|leesplezier)|${NUMBER} (?:weergaven|woorden)`,
  String.raw`czas czytania\W*${NUMBER}\s?min(?:ut[ay]?)?\.?|${NUMBER} min(?:ut[ay]?)?\.? czytania|${NUMBER} (?:wyświetleń|słów)`,
  String.raw`lästid\W*${NUMBER}\s?min(?:uter)?\.?|${NUMBER} min(?:uter)?\.? (?:läsning|lästid|læsning)|læsetid\W*${NUMBER}\s?min(?:utter)?\.?`,
  String.raw`время (?:на )?чтени[ея]\W*${NUMBER}\s?мин(?:ут[аы]?)?\.?|${NUMBER} мин(?:ут[аы]?)?\.? (?:на )?чтени[ея]|${NUMBER} просмотр(?:а|ов)?|просмотров\W*${NUMBER}`,
  String.raw`(?:okuma süresi)\W*${NUMBER}\s?(?:dk|dakika)\.?|${NUMBER} (?:dk|dakika)\.? okuma(?: süresi)?`,
  String.raw`(?:وقت|مدة|زمن) القراءة\W*${NUMBER}\s?(?:دقيقة|دقائق)?|${NUMBER} (?:دقيقة|دقائق) (?:قراءة|للقراءة)|${NUMBER} مشاهدة`,
].join('|')
const LINE_OF_COUNTS = new RegExp(String.raw`^[\s\p{P}\p{S}]*(?:${COUNTS})(?:[\s·•|,、，/–—-]*(?:${COUNTS})){0,5}[\s\p{P}\p{S}]*$`, 'iu')
/**
 * Words of which each line with counts contains one. They are searched first, because the expression above takes long
 * to compile and most sites have no such line.
 */
const COUNTED = /read|view|word|clap|lese|aufruf|ansicht|wörter|lectur|vue|mots|visitas|vistas|palabras|leitura|visualiza|palavras|lettur|parole|lees|lezen|weergave|woord|czytania|wyświetle|słów|läs|læs|чтени|просмотр|okuma|قراءة|مشاهدة|[阅閱字浏瀏访热预読閲분읽조]/i
const DIGIT_OR_COUNTER = /[\d٠-٩]|[阅閱浏瀏访訪]/
/** Headings below which documentation asks for an opinion or lists other pages. */
const OF_SITE = /^(?:feedback|additional resources|was this (?:page|article) helpful\??)$/i
/** Content besides text that headings of boxes announce. */
const ANNOUNCED = ids('a', 'button', 'form', 'nav')

/** Leave out short lines that contain only the reading time or the number of views of a page. */
export function leaveOutCounts(tree, measure, main) {
  const end = tree.end[main]
  let examined = 0
  for (let node = main + 1; node < end && examined < MOST_EXAMINED; node++) {
    const tag = tree.tag[node]
    if (tree.gone[node] || NEVER_COUNTS[tag]) {
      node = tree.end[node] - 1
      continue
    }
    if (!BLOCKS[tag] && !(PARTS[tag] && tree.tag[tree.parent[node]] !== ID.p)) continue
    const length = measure.length(node)
    if (length < 3 || length > LONGEST_COUNTS || measure.linked(node) || holds(tree, node, HEADINGS)) continue
    examined++
    const text = textOf(tree, node)
    if (DIGIT_OR_COUNTER.test(text) && COUNTED.test(text) && LINE_OF_COUNTS.test(text)) tree.leaveOut(node)
  }
}

/**
 * Leave out headings of links or form fields that were left out.
 *
 * A heading without content in the source is kept.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of what is left of the main part.
 * @param {number} main
 */
export function leaveOutEmptied(tree, measure, main) {
  const headings = [ID.h1, ID.h2, ID.h3, ID.h4, ID.h5, ID.h6].flatMap((tag) => tree.all(main, tag))
  headings.sort((one, other) => one - other)
  const work = { left: MOST_WORK }
  let next = tree.end[main]
  let level = 0
  let leftOut = 0
  for (const node of headings.reverse()) {
    const tag = tree.tag[node]
    const isLast = level === 0 || level <= tag
    const isEmpty = measure.before[next] - measure.before[tree.end[node]] === leftOut
    if (tag !== ID.h1 && isLast && isEmpty && !isPageTitle(tree, node) && !isList(tree, node) && (wasEmptied(tree, tree.end[node], next, work) || isOfSite(tree, node, next))) {
      leftOut += measure.length(node)
      tree.leaveOut(node)
    } else {
      leftOut = 0
      next = node
      level = tag
    }
  }
}

/** Return whether a heading is a list of links in itself. */
function isList(tree, heading) {
  return holds(tree, heading, ITEMS) || tree.countOf(heading, ID.a) > 1
}

/** Return whether a heading announces a question to readers or links that scripts load, and no pictures are below it. */
function isOfSite(tree, node, next) {
  if (!OF_SITE.test(textOf(tree, node))) return false
  const images = tree.lists[ID.img]
  const image = images[countBelow(images, images.length, node)]
  return !(image < next)
}

/**
 * Return whether only links or form fields, and no visible elements without text, were left out between two nodes.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {number} from
 * @param {number} to
 * @param {{ left: number }} work Nodes that may still be examined; when none are left, the answer is no.
 */
function wasEmptied(tree, from, to, work) {
  // Each heading that is left out lengthens the part that is examined for the heading before it.
  work.left -= to - from
  if (work.left < 0) return false
  let length = 0
  let announced = 0
  let announcedEnd = from
  for (let node = from; node < to; node++) {
    const tag = tree.tag[node]
    if (SEEN[tag]) return false
    if (ANNOUNCED[tag]) announcedEnd = Math.max(announcedEnd, tree.end[node])
    if (tag !== 0 || !tree.gone[node] || PROPERTIES[tree.tag[tree.parent[node]]] & HEADING) continue
    length += tree.size[node]
    if (node < announcedEnd) announced += tree.size[node]
  }
  return announced > 0 && 2 * announced >= length
}
