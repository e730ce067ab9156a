"""URLs of the links in emails. They lead to the web app, or to pages of the API if the stage has no web app."""

from dataclasses import dataclass
from urllib.parse import quote

from llmready.domain.mail_tokens import Purpose

_SCREENS = {Purpose.VERIFY_EMAIL: "confirm", Purpose.RESET_PASSWORD: "reset-password"}
_PAGES = {Purpose.VERIFY_EMAIL: "verify-email", Purpose.RESET_PASSWORD: "reset-password"}


@dataclass(frozen=True, slots=True)
class Links:
    """Builds the links of one stage.

    In links to pages, the token is in the fragment (after ``#``), so no server logs it.

    Args:
        public_url: URL of the stage without a trailing slash.
        web_app: Whether the web app is served at ``public_url``.
    """

    public_url: str
    web_app: bool

    def one_use(self, purpose: Purpose, token: str) -> str:
        """Return the link of a one-use token."""
        page = f"/{_SCREENS[purpose]}" if self.web_app else f"/api/v1/auth/{_PAGES[purpose]}"
        return f"{self.public_url}{page}#token={token}"

    @property
    def forgot_password(self) -> str:
        """URL of the page on which a user requests a new password."""
        return self.public_url + ("/forgot-password" if self.web_app else "/api/v1/auth/reset-password")

    @property
    def api_keys(self) -> str:
        """URL of the page on which a user deletes API keys, or of the documentation of the routes for that."""
        return self.public_url + ("/account/keys" if self.web_app else "/api/v1/docs#/keys")

    @property
    def webhooks(self) -> str:
        """URL of the page on which a user deletes webhooks, or of the documentation of the routes for that."""
        return self.public_url + ("/account/webhooks" if self.web_app else "/api/v1/docs#/webhooks")

    def one_click_unsubscribe(self, ticket: str) -> str:
        """Return the URL to which a mail program sends the one-click unsubscribe request (RFC 8058)."""
        return f"{self.public_url}/api/v1/auth/unsubscribe?token={quote(ticket)}"

    def unsubscribe(self, ticket: str) -> str:
        """Return the link in the text of an email that stops emails of its kind."""
        if self.web_app:
            return f"{self.public_url}/unsubscribe#token={ticket}"
        return self.one_click_unsubscribe(ticket)

    def download(self, generation_id: str, ticket: str) -> str:
        """Return the URL that downloads the zip of a generation, also for programs."""
        return f"{self.public_url}/api/v1/generations/{generation_id}/download?token={ticket}"

    def download_page(self, generation_id: str, ticket: str) -> str:
        """Return the URL of the download page, which explains what to do if the token has expired."""
        if self.web_app:
            return f"{self.public_url}/download/{generation_id}#token={ticket}"
        return self.download(generation_id, ticket)
