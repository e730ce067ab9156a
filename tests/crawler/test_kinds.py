"""The kind of a page, determined by its URL and title, in many languages."""

import pytest

from llmready.crawler.kinds import Kind, kind_of
from llmready.crawler.pack.folders import kind_within
from llmready.crawler.urls import parse


def kind(path: str, title: str = "") -> Kind:
    return kind_of(parse(f"https://example.com{path}"), title)


@pytest.mark.parametrize(
    "title",
    [
        "Privacy Policy",
        "Terms & Conditions",
        "Datenschutzerklärung",
        "Allgemeine Geschäftsbedingungen",
        "Mentions légales",
        "Conditions générales d'utilisation",
        "Aviso legal",
        "Términos y condiciones",
        "Termos de uso",
        "Política de privacidade",
        "Note legali",
        "Informativa sui cookie",
        "Algemene voorwaarden",
        "Privacybeleid",
        "Polityka prywatności",
        "Regulamin",
        "Zásady ochrany osobních údajů",
        "Ochrana osobných údajov",
        "Integritetspolicy",
        "Privatlivspolitik",
        "Personvernerklæring",
        "Tietosuojaseloste",
        "Adatvédelmi tájékoztató",
        "Politica de confidențialitate",
        "Gizlilik Politikas\u0131",
        "Πολιτική απορρήτου",
        "Политика конфиденциальности",
        "Умови використання",
        "Chính sách bảo mật",
        "Kebijakan privasi",
        "個人情報保護方針",
        "隐私政策",
        "服務條款",
        "개인정보 처리방침",
        "سياسة الخصوصية",
        "מדיניות פרטיות",
        "นโยบายความเป็นส่วนตัว",
    ],
)
def test_legal_pages_are_recognised_in_many_languages(title: str) -> None:
    assert kind("/some/page", title) is Kind.LEGAL


@pytest.mark.parametrize(
    "title",
    [
        "Privacy in rooms with glass walls",
        "How we wrote our terms and conditions for a small shop",
        "Conditions of the stones after a century of use",
        "Política municipal",
        "Politik",
        "About us",
        "General index of mills",
    ],
)
def test_texts_about_the_law_are_content(title: str) -> None:
    assert kind("/some/page", title) is Kind.CONTENT


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tag/rye", Kind.TAG),
        ("/etiquetas/pan/", Kind.TAG),
        ("/schlagwort/brot/", Kind.TAG),
        ("/%E6%A0%87%E7%AD%BE/x", Kind.TAG),
        ("/de/kategorie/brot/", Kind.CATEGORY),
        ("/rubrique/pain/", Kind.CATEGORY),
        ("/категория/хлеб", Kind.CATEGORY),
        ("/auteur/anna", Kind.AUTHOR),
        ("/archiv/2020", Kind.ARCHIVE),
        ("/2024/05/", Kind.ARCHIVE),
        ("/blog/page/3/", Kind.PAGINATION),
        ("/blog/seite/3/", Kind.PAGINATION),
        ("/blog?page=2", Kind.PAGINATION),
        ("/page2/", Kind.PAGINATION),
        ("/page2.html", Kind.CONTENT),
        ("/goods?orderby=price", Kind.FILTER),
        ("/suche", Kind.SEARCH),
        ("/?s=rye", Kind.SEARCH),
        ("/wp-login.php", Kind.LOGIN),
        ("/fr/panier/", Kind.LOGIN),
        ("/politica-de-privacidad/", Kind.LEGAL),
        ("/plan-du-site/", Kind.INDEX),
        ("/pt/mapa-do-site", Kind.INDEX),
        ("/карта-сайта", Kind.INDEX),
        ("/accessibilite/", Kind.LEGAL),
        ("/erklaerung-zur-barrierefreiheit", Kind.LEGAL),
        ("/guide/accessibilite/", Kind.CONTENT),
        ("/ld-idm276.html", Kind.INDEX),
        ("/changelog", Kind.CHANGES),
        ("/genindex.html", Kind.INDEX),
        ("/2024/05/12/a-loaf", Kind.CONTENT),
        ("/docs/tags", Kind.CONTENT),
        ("/docs/login", Kind.CONTENT),
        ("/guide/search", Kind.CONTENT),
        ("/recherche/", Kind.CONTENT),
        ("/administration/", Kind.CONTENT),
        ("/?p=12", Kind.CONTENT),
        ("/mugs/3?size=m&colour=red", Kind.CONTENT),
    ],
)
def test_lists_and_forms_are_recognised_by_their_addresses(path: str, expected: Kind) -> None:
    assert kind(path) is expected


def test_a_tag_beside_the_folder_of_all_content_is_a_tag() -> None:
    assert kind_within(parse("https://example.com/tags/water/"), "Water", ["2024"]) is Kind.TAG
    assert kind_within(parse("https://example.com/tags/water/"), "Water", ["tags"]) is Kind.CONTENT


def test_a_page_that_is_titled_as_a_sitemap_is_a_generated_index() -> None:
    assert kind("/p/12.html", "网站地图") is Kind.INDEX
    assert kind("/some/page", "Plan du site") is Kind.INDEX
    assert kind("/some/page", "Plan du quartier") is Kind.CONTENT
