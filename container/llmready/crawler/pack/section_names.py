"""Decide which texts may be names of sections: labels and headings, but not slogans and calls to action."""

# ruff: noqa: E501, RUF001 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations

import re

from llmready.crawler.kinds import names_a_list
from llmready.crawler.pack.generic_names import is_placeholder

LONGEST_NAME = 60

MOST_WORDS = 6
"""Number of words from which a heading on the front page is a sentence, not the name of a section."""

_ENDS = (".", "!", "?", "…", "。", "\uff01", "\uff1f", ":")
_APPEAL = re.compile(
    r"(?i)(?:get started (?:now|today|free)|start (?:now|free|your|a free)|try |sign up|subscribe|join |buy |shop now"
    r"|learn more|read more|contact us|request |book |download now|see |view |discover |explore |ready to "
    r"|why choose |follow us|let's |ready\?|get in touch|get (?:a|your) (?:free )?(?:quote|demo|copy)|request a|sign in"
    r"|jetzt |mehr erfahren|mehr lesen|weiterlesen|kontaktieren|folgen sie|newsletter|kostenlos |hier klicken|alle anzeigen"
    r"|en savoir plus|lire la suite|découvr(?:ez|ir) |contactez|abonnez|inscrivez|essayez |demandez |suivez|voir (?:plus|tout)"
    r"|más información|leer más|saber más|descubr[ae] |contácta|contact[ae] con|suscríbe|síguenos|prueba |ver (?:más|todo)"
    r"|saiba mais|leia mais|descubra |contate|fale conosco|assine |inscreva|siga-nos|veja (?:mais|todos)|experimente "
    r"|scopri |leggi (?:di più|tutto)|contattaci|iscriviti|seguici|prova |richiedi |vedi tutt"
    r"|lees (?:meer|verder)|meer (?:informatie|lezen|weten)|ontdek |neem contact|schrijf je|volg ons|probeer "
    r"|dowiedz się|czytaj (?:więcej|dalej)|odkryj |skontaktuj|zapisz się|zobacz (?:więcej|wszystk)|sprawdź "
    r"|läs mer|upptäck |kontakta oss|prenumerera|læs mere|les mer|lue lisää|daha fazla|devamını oku|hemen "
    r"|узнать больше|узнайте |подробнее|читать (?:далее|дал)|подпи(?:саться|шитесь)|свяжитесь|попробуйте |закажите|заказать "
    r"|了解更多|立即|查看更多|阅读更多|閱讀更多|联系我们|聯絡我們|订阅|訂閱|关注我们|免费试用|詳しくはこちら|もっと(?:見る|読む)|続きを読む"
    r"|お問い合わせはこちら|今すぐ|더 보기|자세히|지금 |اقرأ المزيد|المزيد|اشترك|اتصل بنا|تابعنا|تواصل معنا)"
)
_NO_NAMES = frozenset((
    "home", "start", "index", "docs", "documentation", "front page", "main page", "menu", "navigation", "contents",
    "table of contents", "description", "options", "synopsis", "name", "see also", "notes", "introduction",
    "links", "search", "quick search", "more", "external links", "references", "bugs", "author", "authors",
    "welcome",
))  # fmt: skip


def names_a_part(text: str) -> bool:
    """Return whether a label may be the name of a section. “Home”, a number and “Recent posts” are not such names."""
    if text.isdecimal() or names_a_list(text):
        return False
    return 1 < len(text) <= LONGEST_NAME and text.casefold() not in _NO_NAMES and not is_placeholder(text)


def is_label(heading: str) -> bool:
    """Return whether a heading is a label, not a sentence or a call to action."""
    is_sentence = heading.endswith(_ENDS) or heading.count(" ") >= MOST_WORDS
    return not is_sentence and not _APPEAL.match(heading)
