"""Stop one kind of emails. Each of these emails contains a link for this."""

from llmready.domain.errors import Unauthenticated
from llmready.domain.mail import Preference
from llmready.domain.tokens import Audience, Keys, check
from llmready.services import Services

# Ends of sentences that begin with "You will get no more mails".
MAILS_OF = {
    Preference.GENERATIONS: "about generations that have ended",
    Preference.QUOTA_RESET: "about the reset of the monthly quota",
}


def unsubscriber(token: str, *, keys: Keys) -> tuple[str, Preference]:
    """Return the user ID of an unsubscribe link and the kind of emails that it stops.

    Raises:
        Unauthenticated: The link is not valid.
    """
    claims = check(keys, Audience.UNSUBSCRIBE, token)
    try:
        return claims.sub, Preference(claims.scope or "")
    except ValueError:
        raise Unauthenticated("invalid_token", "The link is not valid.") from None


def unsubscribe(services: Services, token: str) -> Preference:
    """Stop the emails of an unsubscribe link and return their kind. A deleted account is ignored.

    Raises:
        Unauthenticated: The link is not valid.
    """
    user_id, preference = unsubscriber(token, keys=services.signing_keys())
    user = services.users.get(user_id)
    if user is not None:
        chosen = user.mail_preferences.model_copy(update={preference.value: False})
        services.users.set_mail_preferences(user_id, chosen, services.clock())
    return preference
