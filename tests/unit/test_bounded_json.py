"""JSON of another process is parsed only if that takes little memory."""

import json
import time
from pathlib import Path

import pytest

from llmready.bounded_json import parse_json, parsing_memory
from testkit.memory import run_and_measure

MEMORY = 10_000_000
NUMBER = 300_000
# Texts that take much memory for their length, by different kinds of values.
TEXTS = {
    "objects": "[" + "{}," * NUMBER + "0]",
    "nested lists": "[" + "[[[0]]]," * NUMBER + "0]",
    "keys": "{" + ",".join(f'"{number:x}":0' for number in range(NUMBER)) + "}",
    "objects with keys": "[" + ",".join(f'{{"{number:x}":0}}' for number in range(NUMBER)) + "]",
    "objects with strings": "["
    + ",".join(f'{{"{number:x}":"{number % 1000:x}"}}' for number in range(NUMBER))
    + "]",
    "short strings": "[" + '"\u0101b",' * NUMBER + "0]",
    "a wide string": '"' + "a" * (10 * NUMBER) + '\U0001f600\\n"',
    "an escaped character": '"' + "a" * (10 * NUMBER) + '\\ud83d\\ude00"',
    "wide strings": "[" + ('"' + "a" * 200 + '\U0001f600\\n",') * (NUMBER // 20) + "0]",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_parsing_takes_at_most_the_memory_that_was_computed(kind: str, tmp_path: Path) -> None:
    text = TEXTS[kind].encode()
    (tmp_path / "text").write_bytes(text)
    load = "import sys; from llmready.bounded_json import parse_json\n"
    _, before = run_and_measure(load, str(tmp_path / "text"))
    parse = "value = parse_json(open(sys.argv[1], 'rb').read(), memory=10**12)"
    _, peak = run_and_measure(load + parse, str(tmp_path / "text"))
    assert (peak - before) * (1 << 20) < parsing_memory(text, 10**12)


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_that_take_too_much_memory_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="too many values"):
        parse_json(TEXTS[kind].encode(), memory=MEMORY)


@pytest.mark.parametrize("indent", [None, 2])
def test_signs_within_strings_are_no_values(indent: int | None) -> None:
    title = '[{,:"\\' * 50_000
    for value in (title, [title, 1], {"title": title, title: [title]}):
        assert parse_json(json.dumps(value, indent=indent).encode(), memory=MEMORY) == value


def test_values_after_strings_are_counted() -> None:
    for before in ('["', '["\\\\', '["a\\"', '{"a" : "'):
        text = f'{before}", {"{}," * 10_000}0'.encode()
        assert parsing_memory(text, 10**12) > 20_000 * 72 / 2, before


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 90_000,
        b'{"a":' * 40_000 + b"0" + b"}" * 40_000,
        b"9" * 5000,
        "[1]".encode("utf-16"),
        b'["\xff"]',
        b"[1",
        b"",
    ],
)
def test_what_cannot_be_parsed_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several messages
        parse_json(text, memory=MEMORY)


@pytest.mark.parametrize("part", [b'\\"', b'"', b"\\", b'"\\', b',"a'])
def test_signs_are_counted_in_linear_time(part: bytes) -> None:
    began = time.process_time()
    assert parsing_memory(b'"' + part * (2_000_000 // len(part)), 10**12) > 0
    assert time.process_time() - began < 3
