"""Calling the dispatcher."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from llmready.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaDispatcherBell:
    """Implements :class:`llmready.ports.DispatcherBell` by an asynchronous invoke."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def ring(self, user_id: str, generation_id: str) -> None:
        """Tell the dispatcher that a generation was sent to its queue; never raises."""
        payload = json.dumps({"enqueued": {"user_id": user_id, "generation_id": generation_id}})
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload.encode())
        except (ClientError, BotoCoreError):
            logger.exception("dispatcher not woken; its schedule will find the generation")
