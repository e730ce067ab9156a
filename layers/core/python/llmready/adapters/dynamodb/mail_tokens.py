"""One-use tokens of mails in the table, as hashes.

A token is deleted in the transaction that it authorises (``users.py``).
"""

from datetime import datetime

from boto3.dynamodb.conditions import Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Table, TransactionRefused
from llmready.adapters.dynamodb.users import is_account
from llmready.domain.clock import timestamp
from llmready.domain.mail_tokens import LIFETIMES, Purpose, new_mail_token, read_mail_token


class DynamoMailTokens:
    """Implements :class:`llmready.ports.accounts.MailTokens`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def issue(self, user_id: str, purpose: Purpose, time: datetime) -> str:
        """Store the hash of a new token of an account. Return the token for the mail."""
        text = new_mail_token(user_id)
        token = read_mail_token(text)
        if token is None:
            raise ValueError("the user ID does not have the format of LLMReady's IDs")
        expires_at = time + LIFETIMES[purpose]
        key = keys.mail_token(user_id, purpose, token.digest)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            "expires_at": timestamp(expires_at),
            "ttl": int(expires_at.timestamp()),
        }
        try:
            self._table.transact(
                [self._table.check(keys.profile(user_id), is_account()), self._table.put(item)]
            )
        except TransactionRefused:
            return text  # the account was deleted meanwhile, so the token cannot be used
        return text

    def revoke_resets(self, user_id: str) -> None:
        """Delete the tokens for password resets of an account. Tokens that confirm the address stay valid."""
        prefix = f"{keys.MAIL_TOKEN}{Purpose.RESET_PASSWORD}#"
        tokens = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(prefix)
        self._table.delete_many([keys.Key(item["pk"], item["sk"]) for item in self._table.query(tokens)])
