"""Deletes expired files and the remaining data of deleted websites and accounts.

Runs each day, and each hour until everything is done. The deletion of a website whose purge takes longer than one
request invokes it with that purge. Every few minutes it continues account deletions only.
"""

from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.website import Purge
from llmready.observability import logger, tracer
from llmready.services import Services
from llmready.usecases.delete_account import finish_deletions
from llmready.usecases.expire_files import expire_files
from llmready.usecases.purge_website import purge_website

_SPARE = timedelta(seconds=10)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Clean up until the function's time is nearly over. The next run continues."""
    services = bootstrap.services()
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    until = services.clock() + remaining - _SPARE
    if named := event.get("purge"):
        purge = services.purges.get(named["user_id"], named["website_id"])
        return {"purged": int(purge is not None and _purged(services, purge, until))}
    deleted = finish_deletions(services, until=until)
    if event.get("only") == "deletions":
        return {"deleted": deleted}
    expired = expire_files(services, until=until)
    purged = sum(_purged(services, purge, until) for purge in services.purges.due(services.clock()))
    logger.info("cleaned up", expired=expired, purged=purged, deleted=deleted)
    return {"expired": expired, "purged": purged, "deleted": deleted}


def _purged(services: Services, purge: Purge, until: datetime) -> bool:
    done = purge_website(services, purge, until=until)
    logger.info("website purged", website_id=purge.website_id, done=done)
    return done
