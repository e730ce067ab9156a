"""Invoke the dispatcher and the cleanup function."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.generation import Generation
from llmready.domain.website import Purge
from llmready.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaDispatcherTrigger:
    """Implements :class:`llmready.ports.tasks.DispatcherTrigger` by an asynchronous invoke."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def fire(self, generation: Generation) -> None:
        """Ask the dispatcher to run for a generation that was sent to its queue. Errors are only logged."""
        enqueued = {
            "user_id": generation.user_id,
            "generation_id": generation.id,
            "correlation_id": generation.correlation_id,
        }
        payload = json.dumps({"enqueued": enqueued})
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload.encode())
        except (ClientError, BotoCoreError):
            logger.exception("dispatcher not triggered; its next run will start the generation")


class LambdaPurgeTrigger:
    """Implements :class:`llmready.ports.websites.PurgeTrigger` by an asynchronous invoke of the cleanup."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def fire(self, purge: Purge) -> None:
        """Ask the cleanup function to continue a purge. Errors are only logged."""
        payload = json.dumps({"purge": {"user_id": purge.user_id, "website_id": purge.website_id}})
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload.encode())
        except (ClientError, BotoCoreError):
            logger.exception("cleanup not triggered; its next run will continue the purge")
