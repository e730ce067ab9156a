"""``/keys``: API keys for programs."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from llmready import bootstrap
from llmready.domain.clock import is_id
from llmready.domain.errors import NotFound
from llmready.domain.rate_limits import Rate
from llmready.domain.user import User
from llmready.http.api import PREFIX, Api
from llmready.http.route_limits import RouteLimit
from llmready.http.schemas.common import Message
from llmready.http.schemas.keys import KeyAnswer, KeyBody, KeysAnswer, NewKeyAnswer
from llmready.usecases.manage_api_keys import create_api_key

_KEY_CREATIONS = Rate(20)

app = Api(limits={"POST /keys": RouteLimit("key_creations", lambda: _KEY_CREATIONS, per_user=True)})


@app.post(f"{PREFIX}/keys", summary="Create an API key", status_code=201, tags=["keys"])
def create(body: Annotated[KeyBody, Body()]) -> NewKeyAnswer:
    """Create a key for a program. The answer is the only place where the key itself is shown."""
    key, secret = create_api_key(
        bootstrap.services(),
        _account().id,
        name=body.name,
        scopes=body.wanted_scopes(),
        expires_at=body.expires_at,
    )
    return NewKeyAnswer.model_validate({**key.model_dump(), "key": secret})


@app.get(f"{PREFIX}/keys", summary="List the API keys", tags=["keys"])
def list_keys() -> KeysAnswer:
    """Return the keys, newest first, without the keys themselves."""
    user = _account()
    found = bootstrap.services().api_keys.of_user(user.id)
    return KeysAnswer(items=[KeyAnswer.model_validate(key) for key in found])


@app.delete(f"{PREFIX}/keys/<key_id>", summary="Delete an API key", tags=["keys"])
def delete(key_id: str) -> Message:
    """Delete a key. Requests with it are refused with 401 at once."""
    user = _account()
    if not is_id(key_id) or not bootstrap.services().api_keys.delete(user.id, key_id):
        raise NotFound("key_not_found", "There is no such API key.")
    return Message(message="API key deleted successfully.")


def _account() -> User:
    return app.account(bootstrap.services().users.get(app.user_id))


handler = app.entry()
