"""The tree-construction cases of html5lib-tests, against the parser of the converter."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from testkit.html5lib_cases import cases, normalised
from testkit.packages import MissingPackageError
from testkit.parser_trees import trees

KNOWN = Path(__file__).with_name("known_deviations.toml")


def test_trees_are_those_of_the_standard_apart_from_the_listed_deviations() -> None:
    try:
        found = cases()
    except MissingPackageError as error:
        pytest.skip(str(error))
    known = {name for group in tomllib.loads(KNOWN.read_text()).values() for name in group["cases"]}
    ours = trees([(case.page, case.reads_noscript) for case in found])
    wrong = {case.name for case, tree in zip(found, ours, strict=True) if normalised([tree]) != case.tree}
    assert len(found) > 1500
    assert wrong - known == set(), "new deviations from the standard"
    assert known - wrong == set(), "these pass: take them off the list of known deviations"
