from collections.abc import Iterator

import pytest
from moto import mock_aws

from testkit.emulator import Emulator, Place


@pytest.fixture(params=["ministack", "moto"])
def either(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place in each of two emulators that do not know of each other: both must agree with us.

    ministack takes expressions that DynamoDB refuses; moto is not safe under threads.
    """
    if request.param == "ministack":
        yield request.getfixturevalue("emulator").place()
    else:
        with mock_aws():
            yield Emulator(endpoint=None).place()
