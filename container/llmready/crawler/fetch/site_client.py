"""The fetcher as one site may use it: each request has its turn, and what the site answers sets the pace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.client import ACCEPT_PAGE, Response, every_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.fetch.client import Fetcher
    from llmready.crawler.fetch.http_cache import KnownAnswers
    from llmready.crawler.fetch.throttle import Pace
    from llmready.crawler.urls import Url

BUSY = frozenset({429, 503})
"""Answers of a site that has enough of us."""


class PoliteFetcher:
    """Asks one site.

    Parameters: `fetcher`; `pace` of the site; `answers`, what earlier crawls brought, which is asked for again
    only on the condition that it changed.
    """

    def __init__(self, fetcher: Fetcher, pace: Pace, answers: KnownAnswers) -> None:
        self._fetcher = fetcher
        self._pace = pace
        self._answers = answers

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGE,
        limit: int | None = None,
        cut: bool = False,
        wants_body: Callable[[Response], bool] = every_body,
    ) -> Response:
        """Ask for a URL when its turn has come; see `Fetcher.get`. Raises: Failure, OutOfTimeError."""
        known = self._answers.find(url, accept)
        if known is not None and known.fresh:
            response = known.response()
            self._answers.keep(response, accept)
            return response
        condition = known.condition if known is not None else None
        async with self._pace.turn():
            began = _now()
            try:
                response = await self._fetcher.get(
                    url, accept=accept, limit=limit, cut=cut, wants_body=wants_body, condition=condition
                )
            except Failure as failure:
                if failure.code == Code.TIMEOUT:
                    self._pace.overdue(_now() - began)
                raise
            self._mind(response, _now() - began)
        if response.status == 304 and known is not None:
            response = known.response(confirmed_by=response)
        self._answers.keep(response, accept)
        return response

    def _mind(self, response: Response, seconds: float) -> None:
        if response.status in BUSY:
            self._pace.refused(seconds, response.retry_after)
        elif response.status < 500:
            self._pace.good(seconds)

    def rest(self, seconds: float) -> None:
        """Ask for nothing for so many seconds."""
        self._pace.rest(seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()
