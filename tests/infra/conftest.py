import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.stage_files import load_stage
from testkit.emulator import Emulator, running_ministack
from tests.infra.operator import Make, docker, maker
from tests.infra.running import Running
from tests.infra.template import Template

PROD = {
    "mail_sender": "noreply@example.com",
    "alarm_address": "ops@example.com",
    "budget_usd": "20",
    "malware_scan": "true",
}


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Template]:
    """Synthesise a stage, once per run and set of settings."""

    @cache
    def template(name: str, settings: tuple[tuple[str, str], ...], *, protected: bool) -> Template:
        # Importing the CDK starts Node: only tests that need it pay for that.
        from infra.app import build  # noqa: PLC0415

        stage = load_stage(name, dict(settings))
        folder = tmp_path_factory.mktemp(name)
        build(stage, outdir=str(folder), context=_feature_flags(), protected=protected).synth()
        return Template(json.loads((folder / f"{stage.stack_name}.template.json").read_text()), folder)

    def with_settings(name: str, *, protected: bool = True, **settings: str) -> Template:
        if name != "local" and not {"mail_provider", "mail_sender"} & set(settings):
            settings["mail_provider"] = "none"
        return template(name, tuple(sorted(settings.items())), protected=protected)

    return with_settings


def _feature_flags() -> dict[str, Any]:
    from infra.app import feature_flags  # noqa: PLC0415

    return feature_flags()


@pytest.fixture(scope="session")
def dev(synthesise: Callable[..., Template]) -> Template:
    return synthesise("dev", mail_provider="none", malware_scan="true")


@pytest.fixture(scope="session")
def prod(synthesise: Callable[..., Template]) -> Template:
    return synthesise("prod", **PROD)


@pytest.fixture(scope="session")
def local(synthesise: Callable[..., Template]) -> Template:
    return synthesise("local")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The local system with a low limit of registrations and workers that stop soon."""
    system = Running(
        tmp_path_factory.mktemp("system"),
        LLMREADY_REGISTRATIONS_PER_MINUTE="3",
        LLMREADY_IDLE_SECONDS="2",
    )
    system.start()
    yield system
    assert system.stop() == 0


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Emulator]:
    """Return an empty account."""
    with running_ministack(tmp_path) as emulator:
        yield emulator


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """Return a program that answers as Docker with BuildKit and both platforms does."""
    return docker(tmp_path / "docker", "linux/amd64, linux/arm64")


@pytest.fixture
def make(account: Emulator, engine: Path) -> Make:
    """Return a caller of ``make`` with credentials of the account."""
    return maker(account, engine)
