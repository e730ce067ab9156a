"""Read the settings of each stage from ``stages/NAME.toml``; ``-c setting=value`` overrides them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from infra.paths import ROOT
from infra.stage import Stage, StageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STAGES = ROOT / "stages"

# The stage of `make run`. It is deployed into an emulator and has no settings file.
LOCAL: dict[str, Any] = {
    "region": "us-east-1",
    "mail_sender": "noreply@llmready.local",
    "lease_seconds": 30,
    "retain_data": False,
    "malware_scan": True,
    "custom_resources": False,
    "dependency_layer": False,
    "placeholder_image": "llmready-worker:local",
    "settings_from_host": True,
}

_DEFAULTS: dict[str, Any] = {
    setting.name: setting.default for setting in fields(Stage) if setting.name != "name"
}
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    str: "a string in quotes",
    tuple: 'a list of strings such as ["https://app.example.com"]',
}


def load_stage(name: str, overrides: Mapping[str, str] | None = None, *, folder: Path = STAGES) -> Stage:
    """Return the settings of a stage: its file with the operator's overrides.

    Args:
        name: ``local``, or the name of a file in ``folder``.
        overrides: values by setting, as ``cdk -c setting=value`` passes them. Lists are comma-separated, booleans are
            ``true`` or ``false``.
        folder: folder with the files of the stages.

    Raises:
        StageError: The stage or a setting is unknown, or a value is invalid.
    """
    chosen = LOCAL if name == "local" else _read(name, folder)
    typed = {setting: _parsed(setting, text) for setting, text in (overrides or {}).items()}
    return Stage(name=name, **(chosen | typed))


def stage_names(folder: Path = STAGES) -> tuple[str, ...]:
    """Return the names of all stages."""
    return (*sorted(path.stem for path in folder.glob("*.toml")), "local")


def setting_names() -> tuple[str, ...]:
    """Return the names of all settings."""
    return tuple(_DEFAULTS)


def _read(name: str, folder: Path) -> dict[str, Any]:
    if name not in stage_names(folder):
        raise StageError(f"There is no stage {name!r}; choose one of {', '.join(stage_names(folder))}.")
    file = folder / f"{name}.toml"
    label = f"stages/{name}.toml"
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{label} is not valid TOML: {error}.") from error
    except OSError as error:
        raise StageError(f"{label} cannot be read: {error.strerror}.") from error
    try:
        return {setting: _checked(setting, value) for setting, value in content.items()}
    except StageError as error:
        raise StageError(f"{label}: {error}") from error


def _checked(setting: str, value: object) -> bool | int | str | tuple[str, ...]:
    """Convert a value of a file to the type of its setting."""
    kind = type(_default(setting))
    if kind is tuple and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if type(value) is kind and isinstance(value, (bool, int, str)):  # True is also an int
        return value
    raise StageError(f"{setting} is {value!r}; it must be {_KINDS[kind]}.")


def _parsed(setting: str, text: str) -> bool | int | str | tuple[str, ...]:
    """Convert a text of the command line to the type of its setting."""
    kind = type(_default(setting))
    if kind is bool:
        if text not in {"true", "false"}:
            raise StageError(f"{setting} is {text!r}; it must be true or false.")
        return text == "true"
    if kind is int:
        if not re.fullmatch(r"\d{1,9}", text):
            raise StageError(f"{setting} is {text!r}; it must be a whole number.")
        return int(text)
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _default(setting: str) -> object:
    if setting not in _DEFAULTS:
        raise StageError(f"There is no setting {setting!r}; the settings are {', '.join(_DEFAULTS)}.")
    return _DEFAULTS[setting]
