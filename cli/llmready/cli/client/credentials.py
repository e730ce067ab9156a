"""Store logins in the settings folder of the operating system."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

from llmready.cli.failure import not_written

_OURS_ALONE = 0o600


class Login(BaseModel):
    """The tokens of a login; ``expires_at`` belongs to the access token, in seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    email: str
    access_token: str
    refresh_token: str
    expires_at: float


class Credentials(BaseModel):
    """The server of the last sign-in, and a login per server."""

    model_config = ConfigDict(frozen=True)

    api: str | None = None
    logins: dict[str, Login] = {}

    def with_login(self, api: str, login: Login | None) -> "Credentials":
        """Return a copy with the login of one server replaced; None removes it."""
        logins = {server: known for server, known in self.logins.items() if server != api}
        if login is not None:
            logins[api] = login
        return Credentials(api=api, logins=logins)


class CredentialStore:
    """The file of the credentials, readable by its owner only.

    Args:
        folder: Folder of the file (default: the settings folder of the operating system).
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(platformdirs.user_config_dir("llmready", appauthor=False))
        self._file = self._folder / "credentials.json"

    def read(self) -> Credentials:
        """Return the stored credentials; an unreadable file counts as empty."""
        try:
            return Credentials.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return Credentials()

    def write(self, credentials: Credentials) -> None:
        """Replace the file in one step.

        Raises:
            CommandFailed: The file cannot be written.
        """
        partial = self._file.with_suffix(f".{os.getpid()}.partial")
        try:
            self._make_folder()
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OURS_ALONE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(credentials.model_dump(), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise not_written(str(self._file), error) from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file against other commands.

        A refresh token works once, so two commands that use it at the same time would end the login.
        """
        try:
            self._make_folder()
            lock: Any = (self._folder / "lock").open("w")
        except OSError as error:
            raise not_written(str(self._folder), error) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
