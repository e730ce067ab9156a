"""Labels of controls that load more of a page, in the languages of many sites.

The same expressions are used by Python, for the HTML, and by the browser, for the rendered page. They contain only
what means the same in both. A label is normalised first: lower case, single spaces, and no signs at its ends.
"""

from __future__ import annotations

import re

LONGEST_LABEL = 60

_ANY = "(?: .{1,30})?"
_SOME = "(?:[0-9]{1,5} )?"
_LABELS = (
    # English
    f"(?:load|show|view|see|display|fetch) (?:the )?{_SOME}(?:more|all|older|next|additional|further){_ANY}",
    "(?:show|view|see|load) [0-9]{1,5} (?:other|older|additional)" + _ANY,
    "more (?:results|posts|articles|items|products|comments|news|stories|reviews|entries|events|videos|jobs)",
    "(?:older|next) (?:posts|entries|articles|comments|stories|results|items)",
    f"(?:[0-9]{{1,5}} more|next [0-9]{{1,5}}){_ANY}",
    # German
    f"(?:noch )?{_SOME}(?:mehr|weiteren?)(?: .{{1,30}})? (?:laden|anzeigen|zeigen|sehen|ansehen|einblenden)",
    f"(?:lade|zeige?) {_SOME}(?:mehr|weitere){_ANY}",
    "alle(?: .{1,30})? (?:laden|anzeigen|ansehen)",
    "(?:mehr|weitere) (?:artikel|beiträge|ergebnisse|produkte|meldungen|kommentare|einträge|nachrichten|treffer)",
    # French
    f"(?:en )?(?:afficher|charger|voir|montrer) {_SOME}(?:plus|davantage|la suite|de plus){_ANY}",
    "(?:afficher|charger|voir) (?:d['\u2019]autres|tous|toutes|[0-9]{1,5}) .{1,30}",
    "plus (?:de |d['\u2019]).{1,30}",
    # Spanish, Portuguese, Italian
    f"(?:cargar|ver|mostrar) {_SOME}más{_ANY}",
    "más (?:resultados|artículos|noticias|productos|entradas|comentarios|publicaciones)",
    f"(?:carregar|ver|mostrar|exibir) {_SOME}mais{_ANY}",
    "mais (?:resultados|artigos|notícias|produtos|posts|comentários|publicações)",
    f"(?:mostra|carica|vedi|visualizza) {_SOME}(?:altr[oaie]|di più|ancora|più){_ANY}",
    "altr[ie] (?:risultati|articoli|prodotti|commenti|notizie)",
    # Dutch, Swedish, Danish, Norwegian
    f"{_SOME}meer(?: .{{1,30}})? (?:laden|tonen|weergeven|bekijken|zien)",
    f"(?:laad|toon|bekijk) {_SOME}meer{_ANY}",
    "meer (?:resultaten|artikelen|nieuws|berichten|producten|reacties)",
    f"(?:visa|ladda|vis|last|hent|indlæs) {_SOME}(?:fler|flere|mer|mere){_ANY}",
    # Polish, Russian, Turkish
    f"(?:pokaż|załaduj|zobacz|wczytaj|wyświetl) {_SOME}(?:więcej|kolejne|następne){_ANY}",
    "więcej (?:wyników|artykułów|produktów|wiadomości|komentarzy)",
    f"(?:показать|загрузить|смотреть|посмотреть) (?:ещё|еще|больше){_ANY}",
    "больше (?:новостей|статей|результатов|товаров)",
    "daha fazla(?: .{1,30})? (?:göster|yükle|gör)|daha fazla",
    # Japanese, Chinese, Korean
    "(?:.{1,10}を)?もっと(?:見る|みる|読み込む|読む|表示|表示する)",
    "(?:さらに|続きを|次の)(?:.{0,10})(?:見る|表示|表示する|読み込む)",
    "(?:点击|點擊)?(?:加载|載入|加載|查看|显示|顯示|浏览|瀏覽)更多.{0,10}",
    "更多(?:内容|文章|结果|新闻|评论|產品|产品)",
    "(?:.{1,10} )?더 ?(?:보기|불러오기|많이 보기)",
)
LOADS_MORE = f"^(?:{'|'.join(_LABELS)})$"
MORE = "^(?:more|mehr|weitere|voir plus|plus|más|mais|altro|altri|meer|więcej|ещё|еще|更多|もっと|더보기|fler|flere)$"
"""Labels that load more where they are not in a menu: there they open its other entries."""

HARMFUL = (
    "(?:^|[ '\u2019])(?:bag|buy|sign|pay|log|info|order|delete|remove|kauf|bestell|kup|compra|koop|sair)"
    "|purchas|checkout|cart|basket|register|subscri|donat|cookie|consent|accept|agree|privacy|vendor|partner|option|setting"
    "|preferenc|filter|detail|credit|follow|vote|likes?$|publish|reserv|buchen|buchung|mark "
    "|clear|reset|claim|upgrade"
    "|language|share|download|warenkorb|lösch|meld[eu]n?$|zustimm|einstellung|datenschutz|akzept|sprachen|achet|panier"
    "|commander|supprim|conne[xc]|confident|param[eè]tr|réglage|carrito|elimin|borrar|sesión|ajuste|configura|idioma"
    "|acquist|carrello|impostazion|excluir|carrinho|winkel|verwijder|instelling|корзин|купить|удал|настро|войти|выйти"
    "|koszyk|usuń|ustawie|logu[jo]|カート|購入|削除|設定|ログ|同意|购物|購物|购买|删除|刪除|设置|設置|登录|登錄|退出"
)
"""Parts of labels that buy, delete, sign in or out, or open settings or a dialog of consent."""

_LOADS_MORE, _MORE, _HARMFUL = (re.compile(one) for one in (LOADS_MORE, MORE, HARMFUL))
_NOT_WORDS = re.compile(r"[\W_]+")


def normalised(label: str) -> str:
    """Return a label in lower case, with single spaces and without signs at its beginning and end."""
    words = " ".join(label.lower().split())
    begin = _NOT_WORDS.match(words)
    words = words[begin.end() :] if begin else words
    while words and _NOT_WORDS.match(words[-1]):
        words = words[:-1]
    return words


def loads_more(label: str) -> bool:
    """Return whether the control with this label loads more of a page, as far as the label shows."""
    words = normalised(label) if len(label) <= 4 * LONGEST_LABEL else ""
    if not words or len(words) > LONGEST_LABEL or _HARMFUL.search(words):
        return False
    return bool(_LOADS_MORE.search(words) or _MORE.search(words))
