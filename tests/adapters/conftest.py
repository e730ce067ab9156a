from collections.abc import Iterator

import pytest
from moto import mock_aws

from testkit.emulator import Emulator, Place


@pytest.fixture(params=["ministack", "moto"])
def either(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Resources in two independent emulators; a test must pass with both.

    ministack accepts expressions that DynamoDB refuses, and moto is not thread-safe.
    """
    if request.param == "ministack":
        yield request.getfixturevalue("emulator").place()
    else:
        with mock_aws():
            yield Emulator(endpoint=None).place()
