"""Parse JSON of another process within a limit of memory.

Text of a few megabytes can become a gigabyte of Python objects, because an empty object takes two bytes of text and
72 bytes of memory. The text is therefore refused before it is parsed. The crawler uses this module, too. It
therefore imports only the standard library.
"""

import json
import re
from itertools import islice
from typing import Any

# Measured maxima of CPython 3.11 to 3.13 with a reserve.
_MEMORY_OF_A_VALUE = 120
_MEMORY_OF_A_BYTE, _MEMORY_OF_A_WIDE_BYTE = 4, 10
"""Memory for a byte of the text: the text, its decoded form, its strings, and copies of strings while they grow.

A single character can widen a whole text or string to four bytes a character.
"""

# The beginning or a sign, each of which one value follows at most. A string is skipped, because it can contain signs.
# An unterminated string reaches to the end, so that the time is linear.
_SIGN = re.compile(rb'(?:\A|[\[{:,])\s*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"?)?+', re.DOTALL)


def parsing_memory(text: bytes, most: int) -> int:
    """Return the most bytes of memory that parsing a text takes, including the text and the result.

    Args:
        text: JSON in UTF-8.
        most: Counting stops when the memory is more than this.
    """
    is_wide = not text.isascii() or b"\\u" in text
    memory = len(text) * (_MEMORY_OF_A_WIDE_BYTE if is_wide else _MEMORY_OF_A_BYTE)
    signs = islice(_SIGN.finditer(text), max(0, most - memory) // _MEMORY_OF_A_VALUE + 1)
    return memory + _MEMORY_OF_A_VALUE * sum(1 for _ in signs)


def parse_json(text: bytes, *, memory: int) -> Any:
    """Return the value in a text.

    Args:
        text: JSON in UTF-8.
        memory: Bytes of memory that this may take, including the text and the result.

    Raises:
        ValueError: It is not JSON, or parsing it could take more memory. It may also be nested too deeply, or have
            an integer with too many digits.
    """
    if parsing_memory(text, memory) > memory:
        raise ValueError("the JSON has too many values, or is too long")
    try:
        # Decoded here, because json.loads would also accept UTF-16, in which the signs above mean something else.
        return json.loads(text.decode())
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
