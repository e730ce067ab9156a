// Remove short lines around the text of a page: authors and dates, advertisements, photo credits, links to other
// articles, questions to readers.
//
// A line is a block that contains no blocks. Its words, in the common languages of the web, and its position decide.
import { textOf } from './measure.mjs'
import { BLOCK, HEADING, ID, PROPERTIES, ids } from './tags.mjs'

const LONGEST_LINE = 200
const MOST_LINES = 2000
/** Characters of a paragraph, at which a text begins. */
const LONG_PARAGRAPH = 80
const LONGEST_BYLINE = 110
const LONGEST_CREDIT = 140
const MOSTLY_LINKS = 0.5

const NEVER_LINES = ids('blockquote', 'code', 'dl', 'pre', 'table')
const BLOCKS = Uint8Array.from(PROPERTIES, (properties) => (properties & BLOCK ? 1 : 0))
const LINES = ids('aside', 'div', 'figcaption', 'header', 'h4', 'h5', 'h6', 'li', 'p', 'section')

const ADVERTISEMENT = new RegExp(`^\\W*(?:${[
  'advert(?:isement|ising|isment)?s?|ads?|sponsored(?: content)?|promoted|paid (?:content|post)|partner content',
  '(?:advertisement\\W+)?(?:(?:story|article|page|text|content) )?continue[sd]?(?: reading)? below(?: (?:this |the )?(?:advert(?:isement)?|ad|video))?|(?:advertisement\\W+)?continue reading below|scroll (?:down )?to (?:continue|keep reading)(?: with content)?',
  'anzeige|werbung|publicit[éeà]|publicidad(?:e)?|annonce|annons|reklama?|реклама|pubblicità|advertentie|mainos|hirdetés|διαφήμιση|إعلان|広告|广告|廣告|광고|quảng cáo',
  'loading\\W*|please wait\\W*|view this post on instagram|a post shared by .*|read more|read full (?:article|story)|continue reading|show more|see more|weiterlesen|mehr (?:lesen|anzeigen)|lire la suite|leer más|ler mais|leggi tutto',
  'read in english|(?:was|is) this (?:page|article|post|content|information) (?:helpful|useful)\\W*|did (?:you )?(?:like|enjoy|find) this .{0,40}\\?|rate this (?:article|post|page)|print(?: this)?(?: page| article)?|(?:e-?mail|save|copy link|listen|listen to this article)|back to top|nach oben',
].join('|')})\\W*$`, 'iu')

const MORE_LINE = new RegExp(`^\\W*(?:${[
  'related(?: (?:articles?|posts?|stor(?:y|ies)|reading|content|news|links?|coverage))?|(?:also )?read(?: (?:more|also|next|on))?(?: about [^:]{1,40})?|more(?: (?:on this|from [^:]{1,40}|stories))?|see also|also (?:read|see|on [^:]{1,30})|you (?:may|might) (?:also )?(?:like|enjoy)|don.t miss|recommended|up next|watch(?: (?:now|more|next|also))?|editor.s picks?|must read|in case you missed it|further reading',
  'lesen sie (?:auch|hier|mehr)|auch interessant|mehr (?:zum thema|dazu|lesen)|siehe auch|passend dazu|lesetipp|das könnte (?:sie|dich) (?:auch )?interessieren',
  'à lire (?:aussi|également)|lire (?:aussi|également)|voir aussi|sur le même (?:sujet|thème)|à voir aussi',
  'le[ae] también|también (?:lee|te puede interesar)|te puede interesar|ver también|más información|mira también|lea además|leia (?:também|mais)|veja também|saiba mais',
  'leggi anche|vedi anche|potrebbe interessarti|approfondisci|lees ook|lees meer|bekijk ook|läs (?:också|även|mer)|les også|læs også|lue myös|czytaj (?:też|także|więcej)|zobacz (?:też|także|również)|přečtěte si (?:také|též)|čtěte (?:také|též)|olvasd el|citește și|vezi și|διαβάστε (?:επίσης|ακόμα)|читайте (?:также|ещё|еще)|смотрите также|читайте також|ayrıca (?:bakınız|okuyun)|baca juga|đọc thêm|xem thêm|اقرأ (?:أيضا|أيضًا|المزيد)|あわせて読みたい|関連記事|关联阅读|相关阅读|相關閱讀|延伸閱讀|관련 ?기사',
].join('|')})\\s*[:：|>»–—-]`, 'iu')

/** Links of newsletters that look like buttons. */
const BUTTON = /^(?:subscribe(?: now| today)?.{0,20}|upgrade to paid|give a gift subscription|share this post|leave a comment)$/i

const CREDIT = new RegExp(`^\\W*(?:${[
  '(?:(?:cover|header|featured|lead|hero|main|top) )?(?:photos?|photographs?|images?|pictures?|illustrations?|graphics?)(?: (?:credits?|sources?|courtesy(?: of)?|by|via))?\\s*[:：©]|(?:photo|image|picture) (?:credit|by|courtesy|via|source)\\b|credits?\\s*[:：]|©\\s',
  '(?:foto|bild|grafik|quelle|bildquelle|symbolbild|archivbild|imagen|fotograf[ií]a|crédits?(?: photo)?|immagine|zdjęcie|фото|изображение|写真|图片来源|圖片來源|사진)\\s*[:：©]',
].join('|')}|(?:.{0,80}(?:getty images|shutterstock|istock(?:photo)?|unsplash|alamy|adobe stock|pexels|pixabay|ap photo|afp)(?: via .{0,30})?$))`, 'iu')

/** Texts that forum software writes around posts. */
const OF_FORUM = new RegExp(`^\\W*(?:${[
  '(?:(?:reply|replies|quote|multiquote|report|share|like|likes|liked|upvote|downvote|vote|votes|thanks|follow|followers|parent|permalink|edit|delete|flag|save|author|copy link|link to (?:post|comment)|share on other sites|add a comment|improve this (?:answer|question)|cite|locked|solved|status|tags|sort by|score|reactions?|more options|post reply|print view|reply with quote|start thread|thread tools|go up|print|new|oldest|newest|best|top|x)(?:\\W+|$)|\\d+(?:[.,]\\d+)*(?![.,]?\\d)[km]?(?:\\W+|$))+',
  'click to (?:expand|shrink)\\W*|(?:expand|collapse)(?: (?:signature|quote|post))?\\W*|last edited(?: by .{1,40})?\\s*:.{0,60}|(?:\\(see )?edit(?:ed)? (?:history|on .{1,40}|by .{1,40}|.{1,30} by .{1,60})\\W*(?:see edit history\\W*)?',
  'you must (?:log in|be logged in|register|be registered).{0,60}|(?:not open for further replies|this (?:thread|topic) (?:is|has been) (?:closed|locked|archived|deleted).{0,120})\\W*|(?:create an account or sign in|you need to be a member|sign up for a new account|already have an account|register a new account|sign in now|log in or sign up|please (?:create an account|log in)).{0,90}',
  'thread starter.{0,60}|start date.{0,40}|join(?:ed|date)?\\s*:?\\s*.{0,30}\\d{4}|(?:messages|posts|location|likes received|trophy points|reaction score|topics|threads|reputation|media)\\s*:\\s*.{0,60}|[\\d,.k]+ posts?(?:\\W+joined.{0,30})?|#\\d+(?:\\W+.{3,30}\\d{4}.{0,30})?|.{1,60} (?:likes?|liked|reacted to) this(?: post)?\\W*',
  '[\\d.,km]+ views [\\d.,km]+ repl.{0,90}|(?:return|back) to .{1,60}|jump to\\W*|(?:users|members) (?:browsing|viewing|online).{0,90}|no registered users viewing.{0,40}|recommended posts|featured replies|top posters in this topic|similar (?:threads|topics|discussions)|you are using an out of date browser.{0,140}|you should upgrade or use an alternative browser\\W*|sent from my .{1,80}|sign in to follow this.{0,40}|page \\d+ of \\d+.{0,40}|↳.{0,120}',
].join('|')})\\W*$`, 'iu')

/** Headings of links to other questions, below the answers to one. */
const OTHER_QUESTIONS = /^not the answer you.{1,8}looking for/i

/** Questions to readers, states and dates that documentation and help centres write around a text. */
const OF_DOCUMENTATION = new RegExp(`^\\W*(?:${[
  '(?:was|is|did|has) (?:this|the)(?: (?:page|article|post|content|information|section|documentation|answer|topic))?(?: [a-z]{1,20}){0,2} (?:helpful|useful|answer your questions?|help(?: you)?)(?: to you)?(?:\\W{1,5}yes)?(?:\\W{1,5}no)?|did you find (?:this|what you).{0,40}\\?|(?:glad|sorry) to hear (?:it|that).{0,120}|(?:thanks|thank you) for your feedback.{0,60}|\\d+ out of \\d+ found this helpful',
  'last (?:updated?|modified|edited|reviewed)\\b(?: (?:by|on|at))?\\W{0,3}(?:.{0,40}(?:\\d{4}|\\d{1,2}:\\d{2}|ago).{0,20})|updated (?:over |about |almost )?(?:a|an|\\d+) (?:minute|hour|day|week|month|year)s? ago|(?:have more|still have) questions\\?.{0,60}|(?:still )?need (?:more )?help\\?',
  'read in english|be the first to like this|no labels|skip to (?:end|beginning) of metadata|click here to expand(?:\\.{3}|…)?|edit (?:this|the) page(?: on .{1,30})?|(?:comment|like) be the first .{0,40}',
].join('|')})\\W*$`, 'iu')

const BYLINE = new RegExp(`^\\W*(?:${[
  '(?:(?:written|reviewed|edited|posted|published|updated|created|medically reviewed|fact[- ]checked|words|story|text|photography|photos|contributed|reported)(?: and [a-z]+)? )?by\\b|(?:words|text|author|writer|editor|reporter|contributor)s?\\s*:|staff writer',
  '(?:ein (?:beitrag|artikel) )?von\\s\\p{Lu}|autor(?:in|en)?\\s*:|text\\s*:|par\\s\\p{Lu}|publié par|écrit par|por\\s\\p{Lu}|escrito por|publicado por|di\\s\\p{Lu}|a cura di|scritto da|door\\s\\p{Lu}|geschreven door|av\\s\\p{Lu}|skrevet av|autor\\s*:|автор\\s*:|текст\\s*:|作者\\s*[:：]|文\\s*[/／]|記者\\s*[:：]|글\\s*[:：]',
].join('|')})`, 'u')
const BYLINE_IN_ANY_CASE = new RegExp(BYLINE.source.replaceAll('\\p{Lu}', '\\p{L}'), 'iu')
/** Beginnings of month names in the common languages of the web, and numeric dates. */
const MONTH = /^(?:jan|feb|fev|fév|m[aä]r|apr|avr|abr|ma[ijy]|juin|jun|juil|jul|aug|ago|ao[uû]|sep|set|o[ck]t|out|nov|de[ckz]|gen|mag|giu|lug|dic|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|ιαν|φεβ|μαρ|απρ|μαΐ|ιουν|ιουλ|αυγ|σεπ|οκτ|νοε|δεκ)/u
const DATE_IN_NUMBERS = /(?:19|20)\d\d\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d{1,2}|\d{1,2}[-./]\s?\d{1,2}[-./]\s?(?:19|20)?\d\d(?!\d)/
const BETWEEN_WORDS = /[^\p{L}\p{N}]+/u
const LONGEST_DATE = 70
const MOST_WORDS_OF_DATE = 7
const AGO = /^\W*(?:(?:published|updated|posted|last updated|vor|hace|il y a|há)\s*:?\s*)?\d+\s+(?:second|minute|min|hour|hr|day|week|month|year|stunde|tag|woche|monat|jahr|heure|jour|mois|hora|día|dia|semana|mes)\w{0,3}(?:\s+ago)?\W*$/iu

/**
 * Leave out lines that do not belong to the text of a page.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 */
export function leaveOutLines(tree, measure, main, pageType) {
  const isForum = pageType === 'forum'
  const pattern = isForum ? OF_FORUM : pageType === 'article' ? null : OF_DOCUMENTATION
  let isBefore = true
  let seen = 0
  for (let node = main + 1; node < tree.end[main] && seen < MOST_LINES; node++) {
    const tag = tree.tag[node]
    if (tree.gone[node] || (NEVER_LINES[tag] && !(isForum && tag === ID.blockquote))) {
      node = tree.end[node] - 1
      continue
    }
    if (!LINES[tag] && !(isForum && tag === ID.h2)) continue
    const length = measure.length(node)
    if (length > LONGEST_LINE && tag !== ID.p) continue
    if (!length || holdsBlocks(tree, node)) continue
    if (isBefore && tag === ID.p && measure.prose(node) >= LONG_PARAGRAPH) isBefore = false
    if (length > LONGEST_LINE) continue
    seen++
    const text = textOf(tree, node)
    if (tag === ID.h2) {
      if (OTHER_QUESTIONS.test(text)) tree.leaveOut(node)
      continue
    }
    if (pattern ? pattern.test(text) : isNoText(text, measure.linkShare(node), isBefore && !(PROPERTIES[tag] & HEADING))) tree.leaveOut(node)
    node = tree.end[node] - 1
  }
}

function isNoText(text, linkShare, isBefore) {
  if (ADVERTISEMENT.test(text)) return true
  if (linkShare >= MOSTLY_LINKS && (MORE_LINE.test(text) || BUTTON.test(text))) return true
  if (text.length <= LONGEST_CREDIT && CREDIT.test(text)) return true
  if (!isBefore || text.length > LONGEST_BYLINE) return false
  if (AGO.test(text) || (text.length <= LONGEST_DATE && isDate(text))) return true
  return (linkShare > 0 ? BYLINE_IN_ANY_CASE : BYLINE).test(text) && !/[.!?]\s/.test(text.replace(/\b\p{Lu}\.\s/gu, ''))
}

/** Return whether a line is only a date, with few words such as "updated" and a time. */
function isDate(text) {
  const words = text.toLowerCase().split(BETWEEN_WORDS).filter((word) => word && !/^\d{1,4}(?:st|nd|rd|th|er)?$/.test(word))
  if (words.length > MOST_WORDS_OF_DATE) return false
  return DATE_IN_NUMBERS.test(text) || (/(?:19|20)\d\d/.test(text) && words.some((word) => MONTH.test(word)))
}

function holdsBlocks(tree, top) {
  for (let node = top + 1; node < tree.end[top]; node++) if (BLOCKS[tree.tag[node]] && !tree.gone[node]) return true
  return false
}
