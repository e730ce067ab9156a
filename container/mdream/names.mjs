// Recognise the parts around the text of a page by the names that site generators commonly use.
//
// Names are the tokens of `class`, `id` and `role`. The results for names and for values of `class` are cached for all
// pages.
import { Judgements } from './judgements.mjs'

/** Never text of the page. */
export const ALWAYS = 1
/** Not text of the page, unless it is inside the main part. */
export const OUTSIDE = 2
/** May be the main part. */
export const CONTENT = 4

/** A box in the text with a title, or the title itself. */
export const TITLED = 32
/** The title of a block, written as a line of its own. */
export const BLOCK_TITLE = 64
/** A declaration, written as code with any markup. */
export const SIGNATURE = 128
/** Code whose lines are block elements, or such a line. */
export const FRAGMENT = 256
export const LINE = 512
/** A symbol with which a heading links to itself. */
export const SIGN = 1024
/** Hidden. */
export const HIDDEN = 2048
/** A table of contents. */
export const CONTENTS = 4096
// The Markdown writer uses 8192 and 16384.
/** An element whose role names another element. It shares its bit with a mark that only the writer uses. */
export const OF_ROLE = 8192
/** A part that consists of links or a notice by its name: a menu, breadcrumbs, share buttons, a question about cookies. */
export const OF_LINKS = 32768
/** Never text, even where hidden parts are kept. */
export const DROPPED = 1 << 16
/** A panel or slide that is folded until a reader opens it. */
export const FOLDED = 1 << 17
/** A menu or dialog, which is left out while it is hidden. */
export const CLOSED = 1 << 18
/** Comments of readers: text of a forum, noise elsewhere. */
export const COMMENTS = 1 << 19
/** The tab that opens a panel, and a panel. */
export const TAB = 1 << 20
export const PANEL = 1 << 21
/** A list that contains only the tabs of panels. */
export const TABS = 1 << 22
/** Links to other pages of the site: related, popular, recommended. */
export const RELATED = 1 << 23
/** Information about the author. */
export const AUTHOR = 1 << 24
/** Offers: newsletters, calls to action. */
export const OFFER = 1 << 25
/** Categories and tags of a page. */
export const FILED = 1 << 26
/** The author of a forum post, and the signature below each post. */
export const POSTER = 1 << 27
/** A post of a forum, or a comment. */
export const POST = 1 << 28
/** An element that contains only the line numbers of code. */
export const GUTTER = -(2 ** 31)
/** Customer reviews of products, and the filters of lists of products. */
export const REVIEWS = 1 << 30
/** Beside the text, also inside the main part. */
export const BESIDE = 1 << 29

/** Results of names within this module: a name of the text, and a word of one of the phrases. */
const IS_TEXT = 8
const IN_PHRASE = 16

/** Marks of single classes. */
const CLASS_MARKS = marksOfWords([
  ['sidebar-title admonition-title', TITLED],
  ['admonition-title custom-block-title alert-heading sidebar-title rubric', BLOCK_TITLE],
  ['sig', SIGNATURE],
  ['fragment crayon-pre w3-code container code-container js-file-line-container hljs-ln', FRAGMENT],
  ['line crayon-line code-line', LINE],
  ['mark', SIGN],
  ['toc tableofcontents table-of-contents', CONTENTS],
  // The panels of UIkit, which are items of a list.
  ['uk-switcher', PANEL | TABS],
  // Hidden lines of mdBook, which the code needs only to compile.
  ['boring', DROPPED],
  // Fonts of icons, whose text is the name of an icon; the links below embedded files.
  ['material-icons mat-icon gist-meta', DROPPED],
  ['toolbar_item', DROPPED],
  // Toolbars of highlighters, and the copies of slides with which carousels begin again.
  ['crayon-toolbar crayon-plain-wrap slick-cloned swiper-slide-duplicate splide__slide--clone glide__slide--clone bx-clone', DROPPED],
  // Prompts of notebooks, and numbers that LaTeXML writes a second time before a footnote.
  ['jp-InputPrompt jp-OutputPrompt input_prompt output_prompt ltx_tag_note ltx_note_type', DROPPED],
  // Enlighter hides the code that it renders.
  ['enlighter-default', DROPPED],
  ['enlighter-origin', FOLDED],
  // Grids of cells that Javadoc writes without rows.
  ['summary-table', OF_ROLE],
  // Words of phrases.
  ['contents table-of-contents title segment cloned clone prompt', IN_PHRASE],
])
/** @type {[RegExp, number][]} */
const CLASS_PATTERNS = [
  [/^admonitionHeading\w*$/, BLOCK_TITLE],
  [/^material-(?:icons-\w+|symbols-\w+)$/, DROPPED],
  // What an editor would show about a word of code.
  [/^twoslash-(?:popup-\w+|completion-\w+|error-line|meta-line)$/, DROPPED],
  [/^(?:(?:w-)?tabs?-pane|tabbed-block|tabs?(?:-|__)panel|tabpanel|wds-tab__content|tab-?content-item|tab-item|ui-tabs-panel|tabcontent)$/, PANEL],
  [/^(?:tabbed-labels|nav-tabs|nav-pills|ui-tabs-nav|tabs?(?:-|__)(?:list|nav|links|buttons|header|labels|menu)|w-tab-menu|tablist|(?:wds-)?tabs|tabset|tabular)$/, TABS],
  [/^(?:tablinks?|(?:w-)?tab-(?:link|button|btn|label|trigger|title)|tabs-title|(?:wds-)?tabs?__(?:tab|link|button))$/, TAB],
  [/^(?:ln|lnt|gl|linenos?|line-?num(?:ber)?s?(?:-\w+)?|rouge-gutter|gutter(?:-\w+)?|crayon-nums?(?:-\w+)?|hljs-ln-(?:numbers|n|line)|blob-num|react-syntax-highlighter-line-number|lntd|line-no|num|code-line-number|cm-gutters?|CodeMirror-(?:linenumber|gutter-wrapper|gutters))$/, GUTTER],
]
/**
 * Marks of classes that have a meaning together, or alone.
 *
 * @type {[RegExp, number][]}
 */
const PHRASES = [
  [/(?:^|\s)(?:table-of-contents|contents(?=\s)(?:.*\s)(?:topic|local)|(?:topic|local)(?=\s)(?:.*\s)contents)(?:\s|$)/, ALWAYS],
  [/^title$/, BLOCK_TITLE],
  [/(?:^|\s)prompt highlight-none(?:\s|$)/, DROPPED],
  [/(?:^|\s)ui [\w\s]*tab segment(?:\s|$)/, PANEL],
  [/(?:^|\s)(?:owl-item|carousel-item|slide) cloned?(?:\s|$)/, DROPPED],
]

/** Meanings of words, as bits. */
const OF_FRAME = 1
const OF_LINK = 2
const OF_PAGE = 4
const OF_FOLD = 8
const OF_CLOSED = 16
const OF_TABS = 32
const IN_TABS = 64
const OF_RELATED = 128
const OF_OFFER = 256
const OF_REVIEW = 512
const OF_WRITING = 1024
const OF_FILTER = 2048
const OF_FILING = 4096
const OF_POST = 8192
const BESIDE_POST = 16384
const OF_POSTER = 32768

// These lists contain whole words of names: `post-share-buttons` has the words post, share and buttons.
const WORDS = marksOfWords([
  ['cookie cookies consent gdpr ccpa onetrust breadcrumb breadcrumbs crumbs pagination pager addthis', OF_FRAME],
  ['sharethis disqus newsletter skiplink skipnav searchbox searchform sharing advert advertisement', OF_FRAME],
  ['adsbygoogle nav navigation navbar', OF_FRAME],
  // Names with these promise links, or notices and offers.
  ['cookie cookies newsletter newsletters breadcrumb breadcrumbs crumbs pagination pager sharethis sharing', OF_LINK],
  ['share social nav navigation navbar menu toc', OF_LINK],
  // Names with these describe the layout of a page, not an element.
  ['with has no not is without false disabled show hide on off js layout wy', OF_PAGE],
  ['tab tabs pane panel panels tabpanel tabcontent accordion accordions collapse collapsible collapsed', OF_FOLD],
  ['expand expandable expander faq faqs toggle answer answers details readmore reveal spoiler disclosure', OF_FOLD],
  ['folded slide carousel foldable unfold more', OF_FOLD],
  ['menu submenu megamenu modal dialog popup popover overlay drawer cookie consent cloned clone duplicate', OF_CLOSED],
  ['search nav navbar navigation dropdown lightbox tooltip toast offcanvas mobile notification login', OF_CLOSED],
  ['signin signup newsletter subscribe cart minicart share filter filters placeholder skeleton loading', OF_CLOSED],
  ['loader spinner error success captcha form print hamburger', OF_CLOSED],
  ['tab tabs', OF_TABS],
  // Words behind `tabs` in names of lists of tabs.
  ['bar controls nav list titles headers labels links buttons toolbar', IN_TABS],
  ['related recommended recommendations recommendation recirculation recirc trending popular similar', OF_RELATED],
  ['suggested suggestions upnext outbrain taboola yarpp mostread relatedposts', OF_RELATED],
  ['newsletter newsletters subscribe subscription signup optin cta ctas mailchimp convertkit klaviyo', OF_OFFER],
  ['paywall donate donation advert advertisement advertorial sponsored promo promotion calltoaction', OF_OFFER],
  ['reviews review ratings testimonials bazaarvoice yotpo judgeme okendo stamped', OF_REVIEW],
  ['write', OF_WRITING],
  ['filter filters facet facets refinement refinements sort sortby sorting', OF_FILTER],
  ['tags taglist taxonomy taxonomies categories hashtags keywords labels topics', OF_FILING],
  ['post posts message messages comment reply answer', OF_POST],
  ['meta actions action controls toolbar notice notices tagline stats badge badges avatar rank reactions', BESIDE_POST],
  ['likes votes voting buttons participants permalink statistics attribution toolbars footer', BESIDE_POST],
  ['signature signatures postprofile userinfo usercard posterinfo reputation karma', OF_POSTER],
])
const ROLES = words('navigation contentinfo search menu menubar dialog alertdialog toolbar')

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]{0,60}$/
const BROKEN_UP = /[-_]+|(?<=[a-z])(?=[A-Z])/

const ALWAYS_NAMES = any(
  String.raw`(?:(?:main|site|top|bottom|sub|side|page|post|left|right|mobile|global|primary|secondary|doc|docs|fixed|entry|posts)[-_]?)?(?:nav|navs|navbar|navbox|navigation|navlist|menubar)`,
  String.raw`nav[-_]?(?:bar|header|footer|path|links?|buttons?|list|menu|wrapper|container|content|flow|chapters|previous|next|item|wide-wrapper)`,
  String.raw`(?:main|site|top|mobile|drop?down|primary|hamburger|footer|user|page|js-post)[-_]?menu(?:[-_].*)?`,
  String.raw`menu[-_](?:wrapper|toggle)|prev(?:ious)?[-_]?next(?:[-_].*)?|rellinks|next-prev|toc`,
  String.raw`(?:page|local|side|article|table)[-_]?(?:of[-_]?contents|toc)|tableofcontents`,
  String.raw`toc[-_](?:wrapper|container|sidebar|list|desktop|mobile|nav)|on[-_]this[-_]page|md-nav|contents-list`,
  String.raw`quick-?(?:view|links)`,
  String.raw`share(?:-.*)?|jp-relatedposts`,
  // Plugins that add share buttons.
  String.raw`(?:shariff|dpsp|addtoany|a2a|heateor|ssba|swp|essb|mashsb|jssocials|sfsi|novashare|sassy-social)(?:[-_].*)?`,
  String.raw`(?:related|recommended|similar|popular|recent)[-_]?(?:posts?|articles?|products?|stories|news)(?:[-_].*)?`,
  String.raw`upsells?|up-sells|cross-sells|you-may-also-like|yarpp.*|read-next`,
  String.raw`(?:ad|ads|adv|banner-ad|sponsor(?:ed|s)?|promo)(?:[-_](?:slot|unit|box|banner|container|wrapper|content|block))?`,
  String.raw`(?:announcement|alert|notification|cookie|newsletter|sign-?up|promo|version)[-_]?(?:bar|banner|box|popup)|site[-_]?(?:bar|banner|popup)`,
  String.raw`newsletter.*|subscribe(?:[-_](?:box|form|widget))?|popup|modal|overlay|toast|lightbox`,
  String.raw`skip[-_]?(?:link|links|nav|to[-_].*|navigation)|sr-only|visually-?hidden|screen-reader(?:-text)?`,
  String.raw`show-for-sr|(?:edit|improve|source|report)[-_](?:this[-_])?(?:page|link|on-github|github|button)`,
  String.raw`theme-edit-this-page|page[-_]?(?:feedback|actions|tools|rating|edit)`,
  String.raw`feedback(?:[-_](?:form|widget|box))?|was-this-helpful|last[-_]?(?:updated|modified)`,
  String.raw`theme-last-updated|theme-doc-version-badge`,
  String.raw`(?:version|language|lang|theme|locale)[-_]?(?:switcher|switch|selector|select|picker|toggle|menu|dropdown|nav)`,
  String.raw`(?:top|bottom)lang|switchers`,
  String.raw`search(?:[-_]?(?:box|bar|form|input|button|container|wrapper|section|modal))?|md-search`,
  String.raw`copy[-_]?(?:btn|button|link)|(?:.*[-_])?code[-_]copy(?:[-_].*)?|btn-clipboard|clip-?board(?:-(?:btn|button|container|copy|icon|link|toolbar|wrapper))?|(?:share|action)-?buttons`,
  String.raw`post-(?:tags|categories|meta-footer|footer)|tags?-?(?:cloud|links)|cat-links|entry-footer`,
  String.raw`author-(?:box|bio)|wp-block-(?:search|latest-posts|categories|archives|tag-cloud)`,
  String.raw`viewcode-(?:link|back)|src-?link|source-?link|link-seesrc|line-?no(?:s|-block)?`,
  String.raw`linenodiv|line-numbers?(?:-rows|-wrapper)?|mw-editsection|footer-relations`,
  String.raw`(?:theme-doc-)?(?:sidebar|toc)-(?:container|menu|mobile|toggle)|theme-doc-breadcrumbs`,
  String.raw`theme-doc-footer|theme-doc-toc-(?:mobile|desktop)|table-of-contents__.*`,
  String.raw`(?:sphinx)?sidebar(?:-?wrapper)?|md-sidebar|(?:page|site)-?footer|md-footer.*|navfooter|md-header.*`,
  // The notice at the top of websites of the United States, and their footer.
  String.raw`usa-(?:banner|footer|identifier|overlay|skipnav)(?:[-_].*)?`,
  // Parts that search engines and screen readers should skip; the counter of slides and the link of a product to itself.
  String.raw`nocontent|speechify-ignore|slider-counter(?:--.*)?|product__view-details`,
  // Plugins that add contents, ratings, counts of views and buttons.
  String.raw`ez-toc-(?:container|title-container)|lwptoc|simple-?toc(?:-title|-list)?|kk-star-ratings|post-views|pvc[-_]stats|post-ufi|crp[-_]related`,
  // Bars of forums, tags and players of blogs, prompts and boxes around the code and notes of pages.
  String.raw`online-list|(?:wp-block-)?jetpack[-_]subscriptions(?:[-_].*)?|pagetop|yclinks|gh-article-tag|kg-audio-(?:player|current-time|duration)(?:-.*)?|margin-toggle|doc-conventions|(?:mini-?|side-?)?cart-?drawer`,
  // The messages of Webflow's forms, which are hidden until a form is sent.
  String.raw`w-form-(?:done|fail)`,
  String.raw`printfooter|catlinks|mw-portlet(?:-.*)?|sitesub|mw-jump-link|likes-and-labels-container|comment-(?:add|forbidden)`,
  String.raw`(?:aui-)?assistive(?:-text)?|element-invisible|hidden-accessible|screen-?readers?(?:-only|-text)?|a11y-(?:hidden|only)`,
  String.raw`md-tabs|package-header|out-of-band|rightside|sub-logo-container`,
)
const ALWAYS_ENDS = ending(
  String.raw`(?:social|share|sharedaddy)(?:[-_](?:links|icons|buttons?|media|bar|list|share|box|post|this))?`,
  String.raw`shar(?:e|ing)[-_](?:text|title|label|heading|wrap(?:per)?|container|section|widget|counts?)`,
)
/** Names of the links with which headings link to themselves, and of places that can be linked to. */
const SIGN_NAMES = any(String.raw`header-?(?:link|anchor)s?|hash-link|permalink|anchor-?(?:link|js)?-?|anchorjs-link|heading-(?:anchor|link)`)
const RELATED_NAMES = within(
  String.raw`you[-_]?(?:may|might)[-_]?(?:also)?[-_]?(?:like|enjoy)|also[-_](?:like|read)|read[-_](?:next|also|on)|up[-_]next`,
  String.raw`more[-_](?:from|on|stories|posts|news|articles|like|in|to-read)`,
  String.raw`(?:next|other|latest|recent|most-read|most-popular|keep-reading|further)[-_](?:post|posts|article|articles|stories|reads?|news)`,
  String.raw`(?:post|article|entry)[-_]{1,2}(?:prev[-_]next|pagination|siblings|navigation)`,
)
const AUTHOR_NAMES = within(
  String.raw`(?:about[-_](?:the[-_])?author|author|authors|contributor|contributors|writer)[-_]{1,2}(?:box|bio|card|info|about|block|section|profile|details?|description|footer|area|wrap|wrapper|container|content|widget)`,
  String.raw`about[-_](?:the[-_])?author`,
)
const AUTHOR_BOXES = any(String.raw`saboxplugin-wrap|pp-multiple-authors-boxes-wrapper|(?:bio|byline|author)(?:box|card)?|article-info`)
const OFFER_NAMES = within(
  String.raw`sign[-_]up|opt[-_]in|call[-_]to[-_]action|lead[-_]magnet|email[-_](?:capture|form|signup)|mailing[-_]list`,
)
const POSTER_NAMES = any(
  String.raw`(?:message|post|comment|cell|topic)[-_]{1,2}(?:cell--user|user|userdetails|avatar|author|signature|reactions?|reactionsbar|footer|actions?|meta|buttons?)(?:[-_].*)?`,
  String.raw`message-cell--user|message-(?:user|signature|actionbar|attribution)(?:[-_].*)?|(?:post|thread|author)(?:bit_|_author|_meta|_controls|_management).*`,
  String.raw`(?:user|member|poster)[-_](?:info|details|card|stats|meta|title|avatar|profile|extras|box)(?:[-_].*)?|cauthorpane.*|ipscomment_(?:author|meta|controls|badges).*|comment-(?:meta|author|actions?|footer)`,
)
const MENU_NAMES = within(
  String.raw`follow[-_]us|share[-_](?:this|bar|buttons?|icons|links)|social[-_](?:links|icons|share|sharing|media)`,
)
/** Controls of video players. The player itself and its state also have names that begin like these. */
const PLAYER_CONTROLS = /^(?:vjs|jw|jwplayer|plyr|mejs)(?:__|[-_])(?![-_]|audio|aspect|big-play-centered|container|controls-enabled|default|flag|fluid|fill|has|iframe|inner|media|paused|playing|reset|skin|state|stretch|tech|theme|user|v\d|video|vimeo|workinghover|wrapper|youtube|\d)/
const MENU_PARTS = /mega[-_]?menu|sub[-_]menu|crumbs?(?:[-_]|$)|^elementor-location-(?:header|footer|popup)$/
const BESIDE_NAMES = /(?:^|[-_])side[-_]?bar(?:[-_]{1,2}(?:area|inner|content|wrapper|widget|right|left)|$)|widget[-_]area$|^(?:right[-_])?rail$/
const COMMENT_NAMES = ending(
  String.raw`(?:comments?|replies)(?:[-_](?:area|list|section|form|wrapper|respond|container|thread|body|block|box|content|feed|head|holder|inner|items|open|template|view))?`,
)
const COMMENT_PARTS = any(String.raw`respond|comment-?list|trackbacks?|pingbacks?`)
const OUTSIDE_NAMES = any(
  String.raw`(?:site|page|global|main|app|doc|md|page-)?[-_]?(?:head(?:er)?|footer|masthead|topbar|banner|foot|bottombar)(?:[-_]?(?:wrapper|container|inner|area|bar|top|bottom|text|content))?`,
  String.raw`widget(?:s|[-_].*)?|menu(?:[-_].*)?|copyright|legal`,
  String.raw`colophon|related|logo|branding|site-(?:title|branding|description|info)|drawer|aside|bottom-?nav`,
  String.raw`(?:left|right)-?(?:col|column|bar|rail|panel)|column2|credits?|titlearea|footnav|powered-?by`,
  String.raw`(?:mini-?)?cart(?:[-_].*)?|login(?:[-_].*)?|account(?:[-_].*)?`,
)
const OUTSIDE_PARTS = /side-?(?:bar|nav|menu)|-menu$/
const CONTENT_NAMES = any(
  String.raw`(?:main|page|post|entry|article|doc|docs|document|body|inner|primary|site|blog|story|api|md)?[-_]?(?:content|contents)`,
  String.raw`(?:article|post|entry|story|page|doc|document)[-_]?(?:body|text|main)|markdown-body|markdown`,
  String.raw`md-content(?:__inner)?|theme-doc-markdown|vp-doc|rst-content|bodywrapper|body|documentwrapper`,
  String.raw`docs?[-_]?content|refentry|main|maincol|main-?(?:column|text|body|area)|column1|prose|typography`,
  String.raw`textblock|section-content`,
)

/** Names that mark a part as text. They take precedence over its other names. */
const TEXT_NAMES = any(String.raw`(?:article|post|entry|story|news)[-_]{0,2}(?:content|body|text)|h?entry`)
const BUT_TEXT = ~(ALWAYS | OUTSIDE | RELATED | AUTHOR | OFFER | FILED | BESIDE)

const IDS = new Judgements((tree, from, to) => judgeName(tree.slice(from, to)))
const CLASSES = new Judgements((tree, from, to) => {
  const name = tree.slice(from, to)
  let result = judgeName(name) | (CLASS_MARKS.get(name) ?? 0)
  for (const [pattern, bit] of CLASS_PATTERNS) if (pattern.test(name)) result |= bit
  return result
})
const CLASS_VALUES = new Judgements((tree, from, to) => {
  const result = judgeAll(tree, from, to, CLASSES)
  return result & IN_PHRASE ? (result & ~IN_PHRASE) | judgePhrases(tree.slice(from, to)) : result
})

/** Return the marks of a `class` value at a position in the page, as bits. */
export function judgeClass(tree, from, to) {
  return CLASS_VALUES.of(tree, from, to)
}

/** Return the marks of an `id` value at a position in the page, as bits. */
export function judgeId(tree, from, to) {
  return judgeAll(tree, from, to, IDS)
}

function judgeAll(tree, from, to, names) {
  const { codes } = tree
  let result = 0
  for (let at = from; at < to; at++) {
    while (at < to && codes[at] <= 32) at++
    const start = at
    while (at < to && codes[at] > 32) at++
    result |= names.of(tree, start, at)
  }
  return result & IS_TEXT ? result & BUT_TEXT & ~IS_TEXT : result
}

function judgePhrases(value) {
  let result = 0
  for (const [pattern, bit] of PHRASES) if (pattern.test(value)) result |= bit
  return result
}

/** Return the marks of a `role` value, as bits. */
export function judgeRole(role) {
  const name = role.trim().toLowerCase()
  if (ROLES.has(name)) return ALWAYS
  return name === 'banner' ? OUTSIDE : 0
}

function judgeName(name) {
  if (!PLAIN.test(name)) return 0
  const lower = name.toLowerCase()
  const parts = name.split(BROKEN_UP)
  let says = 0, last = 0, first = 0
  let isTabs = false
  for (let at = 0; at < parts.length; at++) {
    const before = last
    last = WORDS.get(parts[at].toLowerCase()) ?? 0
    if (at === 0) first = last
    if (before & OF_TABS && last & IN_TABS) isTabs = true
    says |= last
  }
  let kind = (says & OF_FOLD ? FOLDED : 0) | (says & OF_CLOSED ? CLOSED : 0)
  if (isTabs && parts.length > 2) kind |= TABS
  if (TEXT_NAMES.test(name)) kind |= IS_TEXT
  if (says & OF_PAGE) return kind | (judgeParts(says, lower) & ~OUTSIDE)
  if (says & OF_RELATED || RELATED_NAMES.test(lower)) kind |= RELATED
  if (says & OF_OFFER || OFFER_NAMES.test(lower)) kind |= OFFER
  if (last & OF_FILING) kind |= FILED
  if (first & OF_POST) kind |= POST
  if (last & BESIDE_POST || says & OF_POSTER || POSTER_NAMES.test(lower)) kind |= POSTER
  if (AUTHOR_NAMES.test(lower) || AUTHOR_BOXES.test(lower)) kind |= AUTHOR
  // Parts with "write" and "review" in their names may also contain the description.
  if (says & OF_FILTER || (says & OF_REVIEW && !(says & OF_WRITING))) kind |= REVIEWS
  if (BESIDE_NAMES.test(lower)) kind |= BESIDE
  if (MENU_NAMES.test(lower) || MENU_PARTS.test(lower) || PLAYER_CONTROLS.test(lower)) kind |= ALWAYS
  return kind | judgeParts(says, lower)
}

function judgeParts(says, lower) {
  if (SIGN_NAMES.test(lower)) return SIGN
  const isFrame = says & OF_FRAME && !(says & OF_PAGE)
  if (isFrame || ALWAYS_NAMES.test(lower) || ALWAYS_ENDS.test(lower)) return says & OF_LINK ? ALWAYS | OF_LINKS : ALWAYS
  if (COMMENT_NAMES.test(lower) || COMMENT_PARTS.test(lower)) return COMMENTS
  if (CONTENT_NAMES.test(lower)) return CONTENT
  return OUTSIDE_NAMES.test(lower) || OUTSIDE_PARTS.test(lower) ? OUTSIDE : 0
}

/** Map each word of lists to its bits. */
function marksOfWords(lists) {
  const marks = new Map()
  for (const [list, bit] of lists) {
    for (const word of list.split(' ')) marks.set(word, (marks.get(word) ?? 0) | bit)
  }
  return marks
}

function words(...lists) {
  return new Set(lists.join(' ').split(' ').filter(Boolean))
}

/** Match whole names. */
function any(...patterns) {
  return new RegExp(`^(?:${patterns.join('|')})$`)
}

/** Match names that contain these between their separators. */
function within(...patterns) {
  return new RegExp(`(?:^|[-_])(?:${patterns.join('|')})(?:[-_]|$)`)
}

/** Match names that end with these behind a separator, and these alone. */
function ending(...patterns) {
  return new RegExp(`(?:^|[-_])(?:${patterns.join('|')})$`)
}
