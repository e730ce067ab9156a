"""Recognise meaningless titles: "Home" in many languages, and placeholders of editors and frameworks."""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations

import re

_FRONT_PAGES = """
    home|homepage|home page|main page|front page|start page|index|main|root|welcome|start|startpage|landing page
    |accueil|page d'accueil|page d’accueil|bienvenue|inicio|página de inicio|página principal|bienvenido|bienvenidos
    |bienvenida|início|página inicial|bem-vindo|bem vindo|startseite|willkommen|hauptseite|home-page|pagina iniziale
    |pagina principale|benvenuto|benvenuti|inizio|homepagina|startpagina|welkom|hjem|forside|velkommen|startsida|hem
    |välkommen|etusivu|tervetuloa|strona główna|witamy|start strony|domů|hlavní stránka|úvod|úvodní stránka|vítejte
    |domov|úvodná stránka|kezdőlap|főoldal|üdvözöljük|acasă|pagina principală|bine ați venit|početna|početna stranica
    |naslovnica|naslovna|prva stran|начало|главная|главная страница|добро пожаловать|головна|головна сторінка|почетна
    |αρχική|αρχική σελίδα|ana sayfa|anasayfa|hoş geldiniz|trang chủ|beranda|laman utama|utama|avaleht|sākums|pradžia
    |pagrindinis|inici|hasiera|páxina principal|hafan|baile|heim|forsíða
    |首页|首頁|主页|主頁|网站首页|網站首頁|欢迎|歡迎|トップページ|トップ|ホーム|ようこそ|홈|메인|환영합니다|첫 페이지
    |الرئيسية|الصفحة الرئيسية|الصفحه الرئيسيه|مرحبا|خانه|صفحه اصلی|דף הבית|בית|หน้าแรก|หน้าหลัก
    |मुख्य पृष्ठ|होम|मुखपृष्ठ|হোম|முகப்பு|முகப்பு பக்கம்
"""
_PLACEHOLDERS = """
    untitled|untitled document|untitled page|document|page|readme|default|contents|table of contents|no title|title
    |new page|null|undefined|none|nan|object object|sans titre|document sans titre|nouvelle page|sin título
    |documento sin título|sem título|senza titolo|documento senza titolo|unbenannt|unbenanntes dokument|ohne titel
    |neue seite|naamloos|zonder titel|bez tytułu|без названия|без имени|无标题|无标题文档|無標題|無標題文件|新网页|新網頁
    |無題|無題ドキュメント|제목 없음|بدون عنوان|vite app|vite + react|react app|create next app|my app|my site|nuxt app
    |create react app sample|angular app|app|mywebsite|mysite|web app|pwa|welcome to nginx!|loading|loading...|loading…|-
"""
_NEVER_A_SITE = """
    search|search results|recherche|suche|buscar|búsqueda|pesquisa|cerca|ricerca|zoeken|szukaj|поиск|搜索|検索|검색|بحث
    |top|menu|navigation|about|about us|blog|news|contact|contact us|login|log in|sign in|logo|site logo|company logo
    |site|website|web site|my website|my wordpress|wordpress|documentation|docs|page not found|404|not found|skip
    |image|photo|picture|icon|brand|bild|rust|github|skip to content|overview
"""
"""Texts that are no names of sites, although a page may have such a title.

For example, rustdoc ends each title with "Rust".
"""

_LISTING = re.compile(r"(?:directory listing for|index of|listing of) /")
_NUMBERED = re.compile(
    r"(?i)(?:new page|untitled|untitled[- ]document|sans titre|nouvelle page|unbenannt|neue seite"
    r"|(?:img|dsc[nf]?|dscf|pict?|image|photo|foto|bild|p|mvi|gopr)(?=[ _-]?\d{3})"
    r"|sin título|senza titolo|sem título|新网页|新網頁|无标题|無標題|無題|無題ドキュメント)"
    r"[ _-]*\(?\d{1,10}\)?(?:\.(?:jpe?g|png|gif|tiff?|html?))?"
)
_POLITE = re.compile(
    r"(?i)^(?:welcome to(?: the)?|willkommen (?:bei|beim|auf|in)(?: der| dem)?|bienvenue (?:sur|chez|à|au)"
    r"|bienvenid[oa]s? (?:a|al)|bem-vindos? (?:ao|à|a)|benvenut[oi] (?:su|in|a)|welkom (?:bij|op)"
    r"|добро пожаловать (?:в|на)|欢迎来到|歡迎來到)\s*(?=\S)"
)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in text.strip().replace("\n", "").split("|"))


_NAMELESS = _names(_FRONT_PAGES) | _names(_PLACEHOLDERS)
_NO_SITE = _NAMELESS | _names(_NEVER_A_SITE)


def is_placeholder(title: str) -> bool:
    """Return whether a title does not distinguish a page: “Home” in any of many languages, “Untitled 3”, nothing."""
    folded = title.casefold().strip(" .!:-–—|")
    return not folded or folded in _NAMELESS or _NUMBERED.fullmatch(folded) is not None


def is_site_name(text: str) -> bool:
    """Return whether a text can be the name of a site. “Search” and “Top” can only be titles of pages."""
    folded = text.casefold().strip(" .!:-–—|")
    return not is_placeholder(text) and folded not in _NO_SITE and _LISTING.match(folded) is None


def without_welcome(title: str) -> str:
    """Return a title without words of welcome."""
    return _POLITE.sub("", title, count=1) or title
