"""Ending a kind of mails by the link that each of them carries."""

from datetime import datetime

from llmready.domain.errors import Unauthenticated
from llmready.domain.mail import Preference
from llmready.domain.tokens import Audience, Keys, check
from llmready.ports.accounts import Users

# As the end of a sentence about mails.
MAILS_OF = {
    Preference.GENERATIONS: "that tell when a generation has ended",
    Preference.QUOTA_RESET: "that tell when the month's generations are back",
}


def unsubscriber(token: str, *, keys: Keys) -> tuple[str, Preference]:
    """Return which user a link belongs to, and which mails it ends.

    Raises:
        Unauthenticated: The link is not good.
    """
    claims = check(keys, Audience.UNSUBSCRIBE, token)
    try:
        return claims.sub, Preference(claims.scope or "")
    except ValueError:
        raise Unauthenticated("invalid_token", "The link is not valid.") from None


def unsubscribe(token: str, *, users: Users, keys: Keys, time: datetime) -> Preference:
    """End the mails that a link belongs to, and return which they are; for a deleted account there are none.

    Raises:
        Unauthenticated: The link is not good.
    """
    user_id, preference = unsubscriber(token, keys=keys)
    user = users.get(user_id)
    if user is not None:
        users.set_mail_preferences(
            user_id, user.mail_preferences.model_copy(update={preference.value: False}), time
        )
    return preference
