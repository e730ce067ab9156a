"""Start generations from a request; used by the API and the Firecrawl-compatible endpoint."""

from llmready import bootstrap
from llmready.domain.generation import Trigger
from llmready.domain.rate_limits import Rate
from llmready.http.api import Api
from llmready.settings import settings
from llmready.usecases.start_generation import StartedGeneration, StartRequest, start_generation


def start(
    app: Api,
    *,
    website_id: str | None = None,
    url: str | None = None,
    max_pages: int | None = None,
    idempotency_key: str | None = None,
) -> StartedGeneration:
    """Start a generation for the user who sent the current request; see :func:`start_generation`.

    Args:
        app: The API that serves the request.
        website_id: ID of the website, or None.
        url: URL of the website, or None.
        max_pages: Maximum number of pages of this generation; None uses the setting of the website.
        idempotency_key: Value of the header ``Idempotency-Key``, or None.

    Returns:
        The generation.
    """
    return start_generation(
        bootstrap.services(),
        StartRequest(
            user_id=app.user_id,
            website_id=website_id,
            url=url,
            max_pages=max_pages,
            idempotency_key=idempotency_key,
            trigger=Trigger.MANUAL if app.claims.scopes is None else Trigger.API,
            correlation_id=app.request_id,
        ),
        account=app.account,
        limit=lambda: app.limit("starts", Rate(settings().starts_per_minute), key=app.user_id),
    )
