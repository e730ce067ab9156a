"""Facts about each HTTP operation for the OpenAPI description that its function does not know.

A function knows its routes and bodies. This module adds the errors, the links and the rate limit headers of each
route. :mod:`infra.openapi` raises an error if a route is missing here.
"""

from __future__ import annotations

from typing import NamedTuple

# Every error code with its status and an example message.
PROBLEMS: dict[str, tuple[int, str]] = {
    "not_authenticated": (401, "Please sign in: send a bearer token."),
    "invalid_token": (401, "The token is missing, expired or not valid."),
    "invalid_credentials": (401, "The email address or the password is wrong."),
    "wrong_password": (403, "The password is wrong."),
    "quota_exceeded": (
        403,
        "You have used all generations of this month. The quota resets on the 1st (UTC).",
    ),
    "plan_limit": (403, "Your plan allows 1 website; delete one or change the plan to add another."),
    "account_suspended": (
        403,
        "This account is suspended. Please contact the operator of this service.",
    ),
    "scope_missing": (403, 'This API key lacks the scope "generate".'),
    "sign_in_required": (
        403,
        "API keys are not accepted here; sign in and send an access token instead.",
    ),
    "email_not_verified": (403, "Please confirm your email address before generating."),
    "host_blocked": (403, "This host is not crawled."),
    "not_found": (404, "This path does not exist."),
    "website_not_found": (404, "There is no such website."),
    "file_not_found": (404, "The archive has no file with this path."),
    "no_earlier_generation": (404, "The website has no completed generation before this one."),
    "generation_not_found": (404, "There is no such generation."),
    "webhook_not_found": (404, "There is no such webhook."),
    "delivery_not_found": (404, "There is no such delivery."),
    "key_not_found": (404, "There is no such API key."),
    "session_not_found": (404, "There is no such sign-in."),
    "user_not_found": (404, "There is no such account."),
    "method_not_allowed": (405, "This path does not accept this method."),
    "direct_call": (403, "Direct calls are not allowed. Send the request to the address of the web app."),
    "generation_in_progress": (409, "A generation of this website is already running."),
    "no_generation": (409, "Patterns can be previewed after the first completed generation."),
    "website_inactive": (409, "This website is inactive; activate it to generate."),
    "website_exists": (409, "You already have a website with this URL."),
    "webhook_changed": (409, "The webhook was changed by another request; read it again and retry."),
    "webhook_disabled": (409, "This webhook is disabled; activate it before sending to it."),
    "website_changed": (409, "The website was changed by another request; read it again and retry."),
    "password_changed": (409, "The password was changed by another request; please sign in again."),
    "already_ended": (409, "The generation is already completed."),
    "not_completed": (409, "The generation is not completed yet."),
    "scan_pending": (409, "The files are being scanned for malware; please try again in a minute."),
    "file_too_large": (
        409,
        "This file is too large to be sent separately. Download the archive instead.",
    ),
    "scan_failed": (409, "The files could not be scanned for malware, so they cannot be downloaded."),
    "malware_found": (
        410,
        "The malware scan found a problem in the files, so they were deleted. The website may contain malware.",
    ),
    "files_expired": (410, "The files of this generation have expired."),
    "body_too_large": (413, "The body is larger than 1 MB."),
    "unsupported_media_type": (415, "The body must be application/json."),
    "validation_error": (422, "The request is not valid. email: value is not a valid email address."),
    "malformed_json": (422, "The body is not valid JSON."),
    "password_too_common": (422, "This password is too common; choose another one."),
    "password_unchanged": (422, "The new password must differ from the current one."),
    "captcha_failed": (422, "Please solve the captcha and try again."),
    "bad_token": (422, "The link was already used, has expired or is not valid; request a new mail."),
    "url_not_public": (422, "The URL must be the address of a public website."),
    "idempotency_key_reused": (
        422,
        "This Idempotency-Key was already used for another request; use a new key for each request.",
    ),
    "use_cursor": (
        422,
        "Page numbers work only for the first 1000 entries; use the cursor for later entries.",
    ),
    "too_many_requests": (429, "You sent too many requests; please wait a moment."),
    "too_many_starts": (429, "You sent too many requests; please wait a moment."),
    "failed_crawl_limit": (
        429,
        "Your failed and cancelled crawls used 60 minutes today. You can start generations again tomorrow (UTC).",
    ),
    "account_locked": (429, "Too many failed logins; please try again later."),
    "internal_error": (
        500,
        "An internal error occurred. Please try again. If it happens again, send the request ID to the operator.",
    ),
    "try_again": (503, "The service is busy. Please try again in a moment."),
    "paused": (503, "New generations are paused. Please try again later."),
}

_BODY = ("malformed_json", "validation_error", "body_too_large", "unsupported_media_type")
_TOKEN = ("not_authenticated", "invalid_token", "account_suspended")
# The answer to an API key on routes that need a sign-in, including routes of /auth that need no token.
_NO_KEYS = ("sign_in_required", "invalid_token")
_ANY = ("internal_error", "try_again")
_LIMITED = ("too_many_requests",)
_WEBSITE = ("website_not_found",)
_GENERATION = ("generation_not_found",)
_WEBHOOK = ("webhook_not_found",)
_FILES = ("not_completed", "scan_pending", "scan_failed", "files_expired", "malware_found")


class Link(NamedTuple):
    """A link from an answer to another operation (OpenAPI's link object).

    Attributes:
        to: ID of the operation.
        status: The answer's status.
        parameters: Values of the answer, by the parameter that takes them.
        body: Body of the request.
    """

    to: str
    status: str
    parameters: dict[str, str]
    body: dict[str, str] | None = None


class Operation(NamedTuple):
    """One operation.

    Attributes:
        id: Its name in generated clients.
        problems: Codes of the errors that it may return.
        open: Whether it needs no token.
        limited: Whether its responses contain the rate limit status.
        links: Links from its answers to other operations.
        html: Whether it returns an HTML page.
        public: Whether it needs no credentials.
        firecrawl: Its errors in the format of Firecrawl: statuses, each with a code whose message is the example.
    """

    id: str
    problems: tuple[str, ...] = ()
    open: bool = False
    limited: bool = False
    links: tuple[Link, ...] = ()
    html: bool = False
    public: bool = False
    firecrawl: tuple[tuple[int, str], ...] = ()

    def all_problems(self, *, has_body: bool, takes_keys: bool, changes: bool = True) -> tuple[str, ...]:
        """Return the codes, including those that every operation with a token, a body or a rate limit has.

        Args:
            has_body: Whether the request has a body.
            takes_keys: Whether API keys with the right scope are accepted.
            changes: Whether the operation changes something.
        """
        return (
            *(() if self.open else _TOKEN),
            *(() if self.public else (("scope_missing",) if takes_keys else _NO_KEYS)),
            *self.problems,
            *(_BODY if has_body else ()),
            *(_LIMITED if self.limited or self.open or self.public or changes else ()),
            *_ANY,
        )


def _of_website(status: str, value: str) -> tuple[Link, ...]:
    names = (
        *("readWebsite", "replaceWebsite", "changeWebsite", "readWebsiteStats", "previewPatterns"),
        "deleteWebsite",
    )
    return tuple(Link(name, status, {"website_id": value}) for name in names)


def _of_generation(status: str, value: str) -> tuple[Link, ...]:
    names = (
        *("readGeneration", "downloadGeneration", "listPageErrors", "readChanges", "listFiles", "readFile"),
        *("cancelGeneration", "deleteGeneration"),
    )
    return tuple(Link(name, status, {"generation_id": value}) for name in names)


def _of_webhook(status: str, value: str) -> tuple[Link, ...]:
    names = (
        *("readWebhook", "changeWebhook", "deleteWebhook", "testWebhook", "rotateWebhookSecret"),
        "listDeliveries",
    )
    return tuple(Link(name, status, {"webhook_id": value}) for name in names)


_ID, _FIRST = "$response.body#/id", "$response.body#/items/0/id"
_START_PROBLEMS = (
    *("quota_exceeded", "plan_limit", "email_not_verified", "host_blocked", "website_not_found"),
    *("generation_in_progress", "website_inactive", "too_many_starts", "paused", "idempotency_key_reused"),
    *("url_not_public", "user_not_found", "failed_crawl_limit"),
)
_STARTED = _of_generation("202", "$response.body#/generation_id")
_REFRESH = Link("refresh", "200", {}, {"refresh_token": "$response.body#/refresh_token"})

_STARTS = tuple(
    Link(name, "201", {}, {"website_id": _ID}) for name in ("startGeneration", "startGenerationShort")
)

_FIRECRAWL = (
    *((400, "validation_error"), (401, "invalid_token"), (403, "scope_missing")),
    *((429, "too_many_requests"), (500, "internal_error"), (503, "try_again")),
)

OPERATIONS: dict[str, Operation] = {
    "POST /v1/llmstxt": Operation(
        "startLlmsText",
        firecrawl=(*_FIRECRAWL, (402, "quota_exceeded")),
        links=(Link("readLlmsText", "200", {"generation_id": "$response.body#/id"}),),
    ),
    "GET /v1/llmstxt/{generation_id}": Operation(
        "readLlmsText", firecrawl=(*_FIRECRAWL, (404, "generation_not_found"))
    ),
    "GET /health": Operation("health", open=True, public=True),
    "GET /plans": Operation("listPlans", open=True, public=True),
    "GET /openapi.json": Operation("openapi", open=True, public=True),
    "GET /docs": Operation("docs", open=True, html=True, public=True),
    "POST /auth/register": Operation(
        "register", ("password_too_common", "captcha_failed"), open=True, limited=True
    ),
    "POST /auth/login": Operation(
        "login",
        ("invalid_credentials", "account_suspended", "account_locked"),
        open=True,
        limited=True,
        links=(_REFRESH,),
    ),
    "POST /auth/refresh": Operation(
        "refresh",
        ("invalid_token", "not_authenticated", "account_suspended"),
        open=True,
        limited=True,
        links=(_REFRESH,),
    ),
    "POST /auth/logout": Operation("logout", ("invalid_token",), open=True, limited=True),
    "GET /auth/verify-email": Operation("verifyEmailPage", open=True, html=True),
    "POST /auth/verify-email": Operation("verifyEmail", ("bad_token",), open=True, limited=True),
    "POST /auth/resend-verification": Operation("resendVerification", open=True, limited=True),
    "POST /auth/forgot-password": Operation("forgotPassword", ("captcha_failed",), open=True, limited=True),
    "GET /auth/reset-password": Operation("resetPasswordPage", open=True, html=True),
    "POST /auth/reset-password": Operation(
        "resetPassword", ("bad_token", "password_too_common"), open=True, limited=True
    ),
    "POST /auth/change-password": Operation(
        "changePassword",
        ("wrong_password", "account_locked", "password_too_common", "password_unchanged", "password_changed"),
        limited=True,
    ),
    "GET /auth/me": Operation("readProfile"),
    "PATCH /auth/me": Operation("changeProfile", ("user_not_found",)),
    "DELETE /auth/me": Operation("deleteAccount", ("wrong_password", "account_locked"), limited=True),
    "GET /auth/me/export": Operation("exportAccount", ("validation_error",), limited=True),
    "GET /auth/sessions": Operation("listSessions", limited=True),
    "DELETE /auth/sessions/{session_id}": Operation("endSession", ("session_not_found",)),
    "GET /auth/unsubscribe": Operation(
        "unsubscribePage", ("invalid_token", "validation_error"), open=True, html=True
    ),
    "POST /auth/unsubscribe": Operation(
        "unsubscribe", ("invalid_token", "validation_error"), open=True, html=True
    ),
    "POST /keys": Operation(
        "createKey",
        ("plan_limit", "user_not_found"),
        limited=True,
        links=(Link("deleteKey", "201", {"key_id": _ID}),),
    ),
    "GET /keys": Operation("listKeys", links=(Link("deleteKey", "200", {"key_id": _FIRST}),)),
    "DELETE /keys/{key_id}": Operation("deleteKey", ("key_not_found",)),
    "POST /webhooks": Operation(
        "createWebhook",
        ("plan_limit", "url_not_public", "user_not_found"),
        links=_of_webhook("201", _ID),
    ),
    "GET /webhooks": Operation("listWebhooks", links=_of_webhook("200", _FIRST)),
    "GET /webhooks/{webhook_id}": Operation("readWebhook", _WEBHOOK),
    "PATCH /webhooks/{webhook_id}": Operation(
        "changeWebhook", (*_WEBHOOK, "webhook_changed", "url_not_public")
    ),
    "DELETE /webhooks/{webhook_id}": Operation("deleteWebhook", _WEBHOOK),
    "POST /webhooks/{webhook_id}/test": Operation(
        "testWebhook", (*_WEBHOOK, "webhook_disabled", "email_not_verified"), limited=True
    ),
    "POST /webhooks/{webhook_id}/rotate-secret": Operation(
        "rotateWebhookSecret", (*_WEBHOOK, "webhook_changed")
    ),
    "GET /webhooks/{webhook_id}/deliveries": Operation(
        "listDeliveries", (*_WEBHOOK, "validation_error", *_LIMITED)
    ),
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/retry": Operation(
        "retryDelivery",
        (*_WEBHOOK, "delivery_not_found", "webhook_disabled", "email_not_verified"),
        limited=True,
    ),
    "POST /websites": Operation(
        "addWebsite",
        ("plan_limit", "website_exists", "url_not_public", "user_not_found"),
        links=(*_of_website("201", _ID), *_STARTS),
    ),
    "POST /websites/bulk": Operation("bulkWebsites", limited=True),
    "GET /websites": Operation(
        "listWebsites", ("validation_error", "use_cursor", *_LIMITED), links=_of_website("200", _FIRST)
    ),
    "GET /websites/stats/user": Operation("readUserStats"),
    "GET /websites/{website_id}": Operation("readWebsite", _WEBSITE),
    "PUT /websites/{website_id}": Operation(
        "replaceWebsite", (*_WEBSITE, "plan_limit", "website_exists", "website_changed", "url_not_public")
    ),
    "PATCH /websites/{website_id}": Operation(
        "changeWebsite", (*_WEBSITE, "plan_limit", "website_exists", "website_changed", "url_not_public")
    ),
    "DELETE /websites/{website_id}": Operation(
        "deleteWebsite", (*_WEBSITE, "generation_in_progress", "website_changed")
    ),
    "POST /websites/{website_id}/preview": Operation("previewPatterns", (*_WEBSITE, "no_generation")),
    "GET /websites/{website_id}/stats": Operation("readWebsiteStats", _WEBSITE),
    "POST /generations/start": Operation("startGeneration", _START_PROBLEMS, links=_STARTED),
    "POST /generations": Operation("startGenerationShort", _START_PROBLEMS, links=_STARTED),
    "GET /generations/quota/check": Operation("checkQuota"),
    "GET /generations/history": Operation(
        "listGenerations", ("validation_error", "use_cursor", *_LIMITED), links=_of_generation("200", _FIRST)
    ),
    "GET /generations/{generation_id}": Operation("readGeneration", _GENERATION),
    "GET /generations/{generation_id}/download": Operation(
        "downloadGeneration",
        (*_GENERATION, *_FILES, "validation_error"),
    ),
    "GET /generations/{generation_id}/changes": Operation(
        "readChanges",
        (*_GENERATION, "no_earlier_generation", *_FILES, "validation_error", *_LIMITED),
    ),
    "GET /generations/{generation_id}/files": Operation("listFiles", (*_GENERATION, *_FILES, *_LIMITED)),
    "GET /generations/{generation_id}/files/{path}": Operation(
        "readFile",
        (*_GENERATION, "file_not_found", "file_too_large", *_FILES, "validation_error", *_LIMITED),
    ),
    "GET /generations/{generation_id}/errors": Operation(
        "listPageErrors", (*_GENERATION, "validation_error", *_LIMITED)
    ),
    "POST /generations/{generation_id}/cancel": Operation(
        "cancelGeneration", (*_GENERATION, "already_ended")
    ),
    "DELETE /generations/{generation_id}": Operation(
        "deleteGeneration", (*_GENERATION, "generation_in_progress")
    ),
}
