// Frames: which of them show readers a part of the page.
import { HIDDEN_STYLE } from './marks.mjs'
import { ATTRIBUTE } from './tree.mjs'

const { height: HEIGHT, hidden: IS_HIDDEN, id: IDENTITY, name: NAME, style: STYLE, title: TITLE, width: WIDTH } = ATTRIBUTE
const PAGE = /^(?:https?:)?\/\/|^(?![a-z][a-z0-9+.-]*:)/i
/** Advertising, counting, consent, sign-in, payment, chat and buttons of other services. */
const SERVICE = /(?:^|[/._-])(?:ads?\d?|adserver|adservice|adsystem|advert\w{0,10}|analytics|beacon|captcha|cdn-cgi|chat|cmp|consent|cookies?|count(?:er)?|criteo|disqus|doubleclick|googlesyndication|googletagmanager|gtm|hcaptcha|like|livechat|login|matomo|oauth|outbrain|paypal|pixel|plugins|recaptcha|safeframe|share|sso|stripe|sync|taboola|track(?:er|ing)?|widgets?)(?=$|[/?&=#._-])/i
const NAME_OF_SERVICE = /\b(?:ads?|advert\w{0,10}|captcha|chat|consent|cookies?|recaptcha|sponsored|third party)\b|google_ads|goog_|gtm|__tcfapi|fb-|twitter/i
const HIDDEN_SIZE = /(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$)|visibility\s*:\s*hidden/i
/** Pixels up to which a frame shows nothing. */
const SMALLEST = 1

/** Return whether a frame shows readers a page, and not an advertisement, a service, or nothing. */
export function isShown(tree, node, address) {
  if (!PAGE.test(address) || SERVICE.test(address)) return false
  if (tree.has(node, IS_HIDDEN) || HIDDEN_STYLE.test(tree.get(node, STYLE)) || HIDDEN_SIZE.test(tree.get(node, STYLE))) return false
  if ([WIDTH, HEIGHT].some((name) => Number.parseInt(tree.get(node, name), 10) <= SMALLEST)) return false
  return ![TITLE, NAME, IDENTITY].some((name) => NAME_OF_SERVICE.test(tree.get(node, name)))
}
