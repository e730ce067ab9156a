"""Texts of a site that can be used as section names."""

from __future__ import annotations

import pytest

from llmready.crawler.pack.section_names import is_label, names_a_part

APPEALS = (
    *("Get started now", "Ready?", "Mehr erfahren", "Jetzt bestellen", "En savoir plus", "Más información"),
    *(
        "Saiba mais",
        "Leggi tutto",
        "Lees verder",
        "Dowiedz się więcej",
        "Läs mer",
        "Узнать больше",
        "了解更多",
    ),
    *("詳しくはこちら", "더 보기", "اقرأ المزيد"),
)
LABELS = (
    "Guides",
    "Anleitungen",
    "Guías de uso",
    "Présentation",
    "参考",
    "リファレンス",
    "دليل",
    "Voir",
    "Seen",
)


@pytest.mark.parametrize("text", APPEALS)
def test_calls_to_action_are_not_section_names(text: str) -> None:
    assert not is_label(text)


@pytest.mark.parametrize("text", ["Home", "Accueil", "Startseite", "首页", "Главная", "Recent posts", "2024"])
def test_generic_names_are_not_section_names(text: str) -> None:
    assert not names_a_part(text)


@pytest.mark.parametrize("text", LABELS)
def test_labels_are_section_names(text: str) -> None:
    assert is_label(text)
    assert names_a_part(text)
