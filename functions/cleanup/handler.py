"""Each day, and each hour until all is done: delete files past their days and what deletions left behind.

The deletion of a website that left more than one request can remove calls it too, naming the purge; deletions of
accounts are gone on with each few minutes.
"""

from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.website import Purge
from llmready.observability import logger, tracer
from llmready.usecases.delete_account import finish_deletions
from llmready.usecases.expire_files import expire_files
from llmready.usecases.purge_website import purge_website

_SPARE = timedelta(seconds=10)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Clean up until time is short; the next run goes on from there, and is safe at any point."""
    until = now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - _SPARE
    if named := event.get("purge"):
        purge = bootstrap.purges().get(named["user_id"], named["website_id"])
        return {"purged": int(purge is not None and _purged(purge, until))}
    deleted = finish_deletions(
        users=bootstrap.users(),
        generations=bootstrap.generations(),
        archives=bootstrap.archives(),
        clock=now,
        until=until,
    )
    if event.get("only") == "deletions":
        return {"deleted": deleted}
    expired = expire_files(
        generations=bootstrap.generations(), archives=bootstrap.archives(), clock=now, until=until
    )
    purged = sum(_purged(purge, until) for purge in bootstrap.purges().due(now()))
    logger.info("cleaned up", expired=expired, purged=purged, deleted=deleted)
    return {"expired": expired, "purged": purged, "deleted": deleted}


def _purged(purge: Purge, until: datetime) -> bool:
    done = purge_website(
        purge,
        generations=bootstrap.generations(),
        archives=bootstrap.archives(),
        purges=bootstrap.purges(),
        clock=now,
        until=until,
    )
    logger.info("purged what a website left", website_id=purge.website_id, done=done)
    return done
