# ruff: noqa: RUF001 - texts in other scripts
"""Encodings of pages: labels, declarations, and guesses where a page declares none."""

from __future__ import annotations

import time

import pytest
from webencodings.labels import LABELS

from llmready.crawler.convert.charset import decode, to_utf8

BAKERY = {
    "windows-1251": "Хлеб пекут дважды в неделю, и тесто отдыхает всю ночь в тёплом углу кухни.",
    "koi8-r": "Хлеб пекут дважды в неделю, и тесто отдыхает всю ночь в тёплом углу кухни.",
    "cp932": "パンは週に二度焼かれ、生地は台所の暖かい隅で一晩休みます。小麦粉と水と塩だけで作れます。",
    "euc_jp": "パンは週に二度焼かれ、生地は台所の暖かい隅で一晩休みます。小麦粉と水と塩だけで作れます。",
    "gb18030": "面包每星期烤两次，面团在厨房温暖的角落里休息一整夜，只需要面粉、水和盐。",
    "big5": "麵包每星期烤兩次，麵團在廚房溫暖的角落裡休息一整夜，只需要麵粉、水和鹽。",
    "cp949": "빵은 일주일에 두 번 굽고 반죽은 부엌의 따뜻한 구석에서 밤새 쉽니다.",
    "iso8859-2": "Chleb piecze się dwa razy w tygodniu, a ciasto odpoczywa całą noc w ciepłym kącie kuchni.",
    "cp1253": "Το ψωμί ψήνεται δύο φορές την εβδομάδα και η ζύμη ξεκουράζεται όλη τη νύχτα.",
    "cp1254": "Ekmek haftada iki kez pişirilir ve hamur gece boyunca mutfağın sıcak köşesinde dinlenir.",
    "cp874": "ขนมปังอบสัปดาห์ละสองครั้ง และแป้งพักอยู่ในมุมอุ่นของครัวตลอดทั้งคืน",
    "cp1252": "Le pain est cuit deux fois par semaine, et la pâte repose toute la nuit près du four déjà éteint.",
}
WORD = "日本"


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_of_the_standard_is_known(label: str) -> None:
    body = f'<meta charset="{label}"><p>flour'.encode()
    assert decode(body, "text/html").endswith("flour")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("x-sjis", "cp932", WORD),
        ("x-euc-jp", "euc_jp", WORD),
        ("x-gbk", "gb18030", WORD),
        ("x-x-big5", "big5", WORD),
        ("windows-949", "cp949", "한국"),
        ("tis-620", "cp874", "ไทย"),
        ("dos-874", "cp874", "ไทย"),
        ("x-cp1251", "cp1251", "хлеб"),
        ("koi", "koi8-r", "хлеб"),
        ("x-mac-cyrillic", "mac-cyrillic", "хлеб"),
        ("iso-8859-8-i", "iso8859-8", "לחם"),
        ("mac", "mac-roman", "pâte"),
    ],
)
def test_labels_that_python_does_not_know(label: str, codec: str, text: str) -> None:
    assert decode(text.encode(codec), f"text/html; charset={label}") == text
    assert decode(f'<meta charset="{label}">{text}'.encode(codec), "text/html").endswith(text)


@pytest.mark.parametrize(
    "head",
    [
        '<!-- <meta charset="koi8-r"> --><meta charset="shift_jis">',
        "<script>document.write('<meta charset=\"koi8-r\">')</script><meta charset=Shift_JIS>",
        '<meta name="description" content="charset=koi8-r"><meta charset="sjis">',
        '<meta http-equiv="Content-Type" content="text/html; charset=sjis">',
        '<META CONTENT="text/html; charset=x-sjis" HTTP-EQUIV=content-type>',
        '<meta charset="nonsense"><meta charset="shift_jis">',
        '<?xml version="1.0" encoding="Shift_JIS"?><html>',
        '\n<?xml version="1.0" encoding="koi8-r"?><meta charset="shift_jis">',
        '<link title="<meta charset=koi8-r>"><meta charset="shift_jis">',
        "<p title='<meta charset=koi8-r>' data-a=<meta data-b=x\"y><meta charset=shift_jis>",
        '<a title = \n"a>b <meta charset=koi8-r>"><meta charset="shift_jis">',
        '<meta name="a" content="> <meta charset=koi8-r>"><meta charset="shift_jis">',
        "<?php '<meta charset=koi8-r' ?><!doctype html><meta charset=shift_jis>",
    ],
)
def test_declarations(head: str) -> None:
    body = f"{head}<p>{WORD}".encode("cp932")
    assert decode(body, "text/html").endswith(WORD)


@pytest.mark.parametrize(
    "head",
    [
        '<?xml version="1.0" encoding="utf-16"?>',
        '<?xml version="1.0" encoding="UTF-16BE"?>',
        '\n<?xml version="1.0" encoding="shift_jis"?>',
        '<!-- --><?xml version="1.0" encoding="shift_jis"?>',
        "<!-- <meta charset=shift_jis> -->",
        '<p title="<meta charset=shift_jis>">',
        "<p title='a>b <meta charset=shift_jis>'>",
        "<p title='<meta charset=shift_jis>",
    ],
)
def test_what_is_no_declaration_is_not_obeyed(head: str) -> None:
    assert decode(f"{head}<p>{WORD}".encode(), "text/html").endswith(WORD)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_xml_in_utf_16_without_a_byte_order_mark(codec: str) -> None:
    assert decode(f"<?xml version='1.0'?><p>{WORD}".encode(codec), "").endswith(WORD)


@pytest.mark.parametrize("codec", sorted(BAKERY))
def test_an_undeclared_encoding_is_guessed(codec: str) -> None:
    pytest.importorskip("chardetng_py", reason="the detector has no binary for this version of Python")
    page = (
        f"<html><head><title>T</title></head><body><div class=row><p>{BAKERY[codec]}</p></div></body></html>"
    )
    assert BAKERY[codec] in decode(page.encode(codec), "text/html")
    assert BAKERY[codec] in to_utf8(page.encode(codec), "text/html").decode()


@pytest.mark.parametrize("at", ["start", "comment", "middle", "far", "end"])
@pytest.mark.parametrize("damage", [b"\xe9", b"caf\xe9 ", "道".encode()[:2], "ж".encode()[:1], b"\xff\xfe"])
def test_a_few_damaged_bytes_do_not_change_the_encoding(at: str, damage: bytes) -> None:
    text = BAKERY["windows-1251"]
    whole = f"<p>{text}</p>".encode() * 20
    body = {
        "start": b"<p>" + damage + b"</p>" + whole,
        "comment": whole + b"<!-- " + damage + b" -->",
        "middle": whole + b"<p>" + damage + b"...</p>" + whole,
        "far": whole * 200 + b"<p>" + damage + b"</p>" + whole,
        "end": whole + damage,
    }[at]
    assert text in decode(body, "text/html")
    assert text in to_utf8(body, "text/html").decode(errors="replace")


def test_an_encoding_is_guessed_by_the_text_around_the_first_byte_that_is_not_utf_8() -> None:
    pytest.importorskip("chardetng_py", reason="the detector has no binary for this version of Python")
    body = b"<!-- plain -->" * 50_000 + BAKERY["windows-1251"].encode("cp1251")
    assert decode(body, "text/html").endswith(BAKERY["windows-1251"])


@pytest.mark.parametrize("size", [8, 20, 1000])
@pytest.mark.parametrize("codec", sorted(BAKERY))
def test_legacy_encodings_are_not_read_as_damaged_utf_8(codec: str, size: int) -> None:
    body = f"<p>{BAKERY[codec][:size]}</p>".encode(codec)
    assert "\ufffd" not in decode(body, "text/html")


def test_iso_2022_jp_is_guessed() -> None:
    pytest.importorskip("chardetng_py", reason="the detector has no binary for this version of Python")
    page = f"<title>{WORD}</title><p>{BAKERY['cp932']}</p>"
    assert decode(page.encode("iso2022_jp"), "text/html") == page
    assert decode(b"\x1b[31mred\x1b[0m", "text/html") == "\x1b[31mred\x1b[0m"


@pytest.mark.parametrize("unit", [BAKERY["windows-1251"].encode("cp1251"), b"\xe9 ", b"\xe9", b"\x80\xbf"])
def test_a_guess_takes_little_time(unit: bytes) -> None:
    body = b"<p>" + unit * (7_500_000 // len(unit))
    began = time.perf_counter()
    decode(body, "text/html")
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "unit", ["<", "<a ", "<a =", "<a ='", '<a b="', "<meta ", "<meta a='", "<!--", "<?", "<script"]
)
def test_looking_for_a_declaration_takes_little_time(unit: str) -> None:
    body = unit.encode() * 100_000
    began = time.perf_counter()
    decode(body, "text/html")
    assert time.perf_counter() - began < 1


def test_a_declaration_of_utf_16_in_ascii_means_utf_8() -> None:
    for head in ('<?xml version="1.0" encoding="utf-16"?>', '<meta charset="utf-16">'):
        assert decode(f"{head}<p>pâte".encode(), "text/html") == f"{head}<p>pâte"
