"""Websites and the purge of deleted websites."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from llmready.domain.errors import DomainError
from llmready.domain.generation import Generation
from llmready.domain.user import User
from llmready.domain.website import Purge, Website


class WebsitePage(NamedTuple):
    """One page of a user's websites, newest first.

    Attributes:
        user: The account, or None if it does not exist.
        items: The websites.
        total: Number of websites that match the filter.
        last_id: ID of the last website on this page if more follow, else None.
    """

    user: User | None
    items: list[Website]
    total: int
    last_id: str | None


class Websites(Protocol):
    """A user's websites, unique by canonical URL."""

    def create(self, website: Website, *, limit: int) -> None:
        """Store a new website.

        Args:
            website: The new website.
            limit: How many websites the user's plan allows.

        Raises:
            Conflict: The user already has a website with this URL.
            Forbidden: The user already has ``limit`` websites.
        """

    def create_some(self, websites: Sequence[Website], *, limit: int) -> list[DomainError | None]:
        """Store a first part of several new websites of one user, as many as fit into one transaction.

        Returns:
            One outcome for each website that was processed, at least one: None if stored, else the error.
        """

    def get_for_user(self, user_id: str, website_id: str) -> tuple[User | None, Website | None]:
        """Return a user and one of their websites in one read; None for each that does not exist."""

    def get_some(self, user_id: str, website_ids: Sequence[str]) -> list[Website | None]:
        """Return websites of a user in the order of their IDs; None for each that does not exist."""

    def page(
        self, user_id: str, *, offset: int, limit: int, is_active: bool | None, after: str | None = None
    ) -> WebsitePage:
        """Return one page of a user's websites, newest first.

        Args:
            user_id: ID of the user.
            offset: How many matching websites to skip.
            limit: Greatest number of websites to return.
            is_active: Return only active (or only inactive) websites; None returns both.
            after: Continue after the website with this ID.
        """

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the IDs of a user's ``count`` oldest websites."""

    def update(self, old: Website, new: Website) -> None:
        """Store the fields in which ``new`` differs from ``old``.

        Raises:
            Conflict: The user already has a website with the new URL.
            NotFound: The website does not exist any more.
        """

    def update_some(self, changes: Sequence[tuple[Website, Website]]) -> list[DomainError | None]:
        """Store a first part of several changes, each of a different website; see :meth:`create_some`."""

    def delete(self, website: Website, time: datetime) -> Purge | None:
        """Delete a website.

        Returns:
            The purge of its generations and files, or None if it has none.

        Raises:
            Conflict: A generation of the website is running.
            NotFound: The website does not exist any more.
        """

    def delete_some(self, websites: Sequence[Website], time: datetime) -> list[DomainError | None]:
        """Delete a first part of several websites of one user; see :meth:`create_some`."""


class Purges(Protocol):
    """Purges of the generations and files of deleted websites."""

    def get(self, user_id: str, website_id: str) -> Purge | None:
        """Return the purge of a deleted website, or None if nothing is left to delete."""

    def due(self, time: datetime) -> Iterator[Purge]:
        """Iterate over the purges that were due before ``time``."""

    def remove(self, purge: Purge, generations: Sequence[Generation]) -> int:
        """Delete up to 98 ended generations with their counters and return how many were deleted."""

    def done(self, purge: Purge) -> None:
        """Delete a purge that has nothing left to delete."""


class PurgeTrigger(Protocol):
    """Starts the cleanup function for a purge that takes longer than one request."""

    def fire(self, purge: Purge) -> None:
        """Ask the cleanup function to continue a purge now.

        Never raises: if the call fails, the scheduled cleanup finds the purge.
        """
