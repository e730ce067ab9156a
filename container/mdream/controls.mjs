// Remove what only operates a page: labels of form fields, links that put an article into a cart or repeat the link
// of a title, breadcrumbs without a name.
import { holds, resolved, textOf } from './measure.mjs'
import { BLOCK, HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const LONGEST_LABEL = 60
/** Characters of a line of breadcrumbs, and the number of blocks at the beginning of a page that may be one. */
const LONGEST_TRAIL = 200
const MOST_BLOCKS = 40
/** Characters of a paragraph, at which a text begins. */
const LONG_PARAGRAPH = 80

const FIELDS = ids('input', 'select', 'textarea')
/** Types of fields whose label is the name of a choice, such as a size, or an entry of a task list; fields without a label. */
const NOT_LABELLED = /^(?:checkbox|radio|hidden|submit|button|image)$/i
const CHANGES_CART = /[?&]add(?:[-_]?to[-_]?(?:cart|basket|wishlist))?=|\/(?:cart|basket|wishlist|compare)\/add\b/i
const CART = new RegExp(`^[\\s+]*(?:${[
  '(?:add|put) (?:in)?to (?:your |my )?(?:cart|basket|bag|trolley|wish ?list)|in den (?:warenkorb|einkaufswagen)(?: legen)?',
  'ajouter au panier|añadir (?:al carrito|a la cesta)|agregar al carrito|adicionar ao carrinho|aggiungi al carrello',
  'in (?:winkelwagen|winkelmand)(?: plaatsen)?|toevoegen aan winkelwagen|dodaj do koszyka|do košíku|lägg i (?:varukorgen|kundvagnen)',
  'в корзину|добавить в корзину|sepete ekle|加入购物车|加入購物車|カートに入れる|カートに追加|장바구니(?:에)? 담기|(?:أضف|إضافة) إلى السلة',
].join('|')})[\\s.!]*$`, 'iu')

/** Links that only repeat the link of the title above them, in the common languages of the web. */
const MORE = new RegExp(`^[\\s\\p{P}\\p{S}]*(?:${[
  '(?:continue|keep) reading|read (?:more|on|the (?:rest|full)|full|article|post|story)|(?:learn|see|view|find out) more|view (?:post|article|details)|more(?: details| info)?|full (?:story|article)|details',
  'weiterlesen|(?:jetzt |mehr )(?:lesen|erfahren)|mehr|zum (?:artikel|beitrag)|lire (?:la suite|plus|l.article)|en savoir plus|voir plus|plus d.infos?',
  'leer más|seguir leyendo|continuar leyendo|ver más|ler mais|continue (?:lendo|a ler)|leia mais|saiba mais|leggi (?:tutto|di più|ancora)|continua a leggere|lees (?:meer|verder)|meer lezen',
  'czytaj (?:więcej|dalej)|číst (?:dále|více)|läs mer|les mer|læs mere|lue lisää|читать (?:далее|дальше|полностью)|подробнее|читати далі|devamını oku|xem thêm|đọc tiếp',
  '(?:阅读|閱讀|查看|继续|繼續)(?:更多|全文|阅读|閱讀|详情|詳情)|更多|详情|詳細|続きを読む|もっと(?:見る|読む)|詳しく(?:見る|はこちら)|(?:더|계속) ?(?:읽기|보기)|اقرأ المزيد|المزيد|إقرأ المزيد',
].join('|')})(?![\\p{L}\\p{N}])`, 'iu')
/** Links before such a link of which one may be that of the title. */
const MOST_BEFORE = 4

const LINES = ids('div', 'p', 'span')
const BLOCKS = Uint8Array.from(PROPERTIES, (properties) => (properties & BLOCK ? 1 : 0))
/** What stands before breadcrumbs in the common languages of the web. */
const YOU_ARE_HERE = new RegExp(`^(?:${[
  'you are here|your location|current location|sie (?:sind|befinden sich) hier|vous êtes ici|(?:usted )?est[aá]s? (?:usted )?(?:en|aquí)',
  'você está (?:aqui|em)|ti trovi (?:in|qui)|sei qui|u bent hier|je bent hier|jesteś tutaj|du är här|du er her|вы здесь|вы находитесь здесь|buradasınız',
  '(?:您|你)?(?:的|所在的?|现在的|目前的?|當前|当前)?(?:位置|所在位置)|(?:您|你)(?:现在|現在|目前)?(?:的|所在的?)?位置|現在(?:地|位置|のページ)|현재 ?위치|أنت هنا',
].join('|')})$`, 'iu')
const ROOT = /^(?:https?:\/\/[^/?#]+)?\/?(?:index\.\w{2,5})?$/i
/** A trail of links, each as the sign `\ufffc`, with the current page at its end. */
const TRAIL = /^([^\ufffc]*)\ufffc\s*(?:[>›»→▸▶＞/]|::)[^>›»→▸▶＞]{1,160}(?:[>›»→▸▶＞][^>›»→▸▶＞]{1,160})*$/u

/**
 * Leave out controls in the main part.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutControls(tree, measure, main) {
  leaveOutLabels(tree, measure, main)
  leaveOutCartLinks(tree, measure, main)
  leaveOutTrail(tree, measure, main)
}

/** Leave out short labels of fields, which are not written themselves. */
function leaveOutLabels(tree, measure, main) {
  for (const node of tree.all(main, ID.label)) {
    if (tree.gone[node]) continue
    if (measure.length(node) <= LONGEST_LABEL && !measure.linked(node) && labelsField(tree, node)) tree.leaveOut(node)
  }
}

function labelsField(tree, label) {
  const next = tree.end[label]
  for (let node = label + 1; node < next; node++) if (FIELDS[tree.tag[node]]) return isLabelled(tree, node)
  // The field may be behind the label.
  for (let node = next; node < tree.end[tree.parent[label]]; node = tree.end[node]) {
    if (tree.tag[node] === 0 && !tree.size[node]) continue
    return FIELDS[tree.tag[node]] === 1 && isLabelled(tree, node)
  }
  return false
}

function isLabelled(tree, field) {
  return !NOT_LABELLED.test(tree.get(field, ATTRIBUTE.type))
}

/** Leave out links that put an article into a cart, unless they are words of a sentence. */
function leaveOutCartLinks(tree, measure, main) {
  for (const link of tree.all(main, ID.a)) {
    const length = measure.length(link)
    if (!length || length > LONGEST_LABEL || tree.gone[link]) continue
    if (!CHANGES_CART.test(tree.get(link, ATTRIBUTE.href)) && !CART.test(textOf(tree, link))) continue
    const above = tree.parent[link]
    if (tree.tag[above] !== ID.p || measure.length(above) === length) tree.leaveOut(link)
  }
}

/**
 * Leave out links such as "Continue reading" to the target of the title above them, unless they are words of a
 * sentence.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutMore(tree, measure, main) {
  /** @type {string[]} */
  const before = []
  for (const link of tree.all(main, ID.a)) {
    const target = tree.get(link, ATTRIBUTE.href)
    const length = measure.length(link)
    if (!target || !length || tree.gone[link]) continue
    const isLast = measure.before[tree.end[link]] === measure.before[tree.end[tree.parent[link]]]
    if (isLast && before.includes(target) && length <= LONGEST_TRAIL && MORE.test(textOf(tree, link))) {
      tree.leaveOut(link)
      continue
    }
    before.push(target)
    if (before.length > MOST_BEFORE) before.shift()
  }
}

/** Leave out the line above the text that shows where in the site the page is. */
function leaveOutTrail(tree, measure, main) {
  let seen = 0
  for (let node = main + 1; node < tree.end[main] && seen < MOST_BLOCKS; node++) {
    const tag = tree.tag[node]
    if (tree.gone[node]) {
      node = tree.end[node] - 1
      continue
    }
    if (PROPERTIES[tag] & HEADING || (tag === ID.p && measure.prose(node) >= LONG_PARAGRAPH)) return
    if (!LINES[tag] || holds(tree, node, BLOCKS)) continue
    seen++
    if (measure.length(node) <= LONGEST_TRAIL && measure.linked(node) && isTrail(tree, node)) {
      tree.leaveOut(node)
      return
    }
  }
}

function isTrail(tree, line) {
  let text = ''
  let first = -1
  for (let node = line + 1; node < tree.end[line]; node++) {
    if (tree.gone[node]) {
      node = tree.end[node] - 1
    } else if (tree.tag[node] === ID.a && tree.has(node, ATTRIBUTE.href)) {
      if (first < 0) first = node
      text += '\ufffc'
      node = tree.end[node] - 1
    } else if (tree.tag[node] === 0) {
      text += tree.raw(node)
    }
  }
  const trail = TRAIL.exec(resolved(text).replace(/\s+/g, ' ').trim())
  if (first < 0 || trail === null) return false
  const said = trail[1].replace(/(?<![\s:：])[\s:：]+$/, '')
  return said ? YOU_ARE_HERE.test(said) : ROOT.test(tree.get(first, ATTRIBUTE.href))
}
