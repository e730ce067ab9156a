"""The API of one function.

It extends Powertools' event handler with checks of each request and with problem documents as errors.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready.domain.account import account_of
from llmready.domain.clock import now
from llmready.domain.errors import DomainError, Invalid, NotFound, TooManyRequests
from llmready.domain.rate_limits import Rate, RateLimitStatus
from llmready.domain.tokens import Audience, Claims, Keys
from llmready.domain.user import User
from llmready.http.answer_sizes import READS, AnswerSizes
from llmready.http.distribution import SECRET_HEADER, from_distribution
from llmready.http.gate import api_key_of, check_body, header, signed_in, source_address
from llmready.http.problems import (
    CONTENT_TYPE,
    MethodNotAllowed,
    absolute_type,
    internal_problem,
    problem,
    validation_problem,
)
from llmready.http.route_limits import ProcessLimit, RouteLimit
from llmready.http.scopes import check_scopes
from llmready.observability import logger, tracer
from llmready.settings import settings
from llmready.usecases.manage_api_keys import check_api_key
from llmready.usecases.rate_limits import take_units

PREFIX = "/api/v1"
_DEEPEST_OFFSET = 1000
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}
# Limits per client and process, far above what people and their programs need.
_OPEN_REQUESTS = Rate(300)
_CHANGES = Rate(600)
# Tens of entries that a user may list in a minute. An entry may cost three read units, because a generation contains
# the patterns of its website, and all entries of a user share the throughput of one partition of the table.
_LISTED = Rate(1200)
_LISTED_UNIT = 10
_SKIPPED_UNIT = 100
# Those that cost less than counting them in the table.
_FEW_LISTED = Rate(20)
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class Api(APIGatewayHttpResolver):
    """Resolver that returns every error as a problem document.

    Args:
        open_paths: Paths below ``/api/v1`` that need no token. None if no path needs a token.
        bodiless_paths: Paths below ``/api/v1`` whose request bodies are ignored.
        authenticate: Returns the claims of an event's token, or raises Unauthenticated.
        limits: Rate limits of routes by method and path below ``/api/v1``, such as ``POST /auth/login``. They are
            counted before the body is read.
    """

    def __init__(
        self,
        *,
        open_paths: frozenset[str] | None = frozenset(),
        bodiless_paths: frozenset[str] = frozenset(),
        authenticate: Callable[[dict[str, Any], Keys], Claims] = signed_in,
        limits: Mapping[str, RouteLimit] | None = None,
    ) -> None:
        super().__init__(enable_validation=True)
        self._authenticate = authenticate
        self._limits = {route.replace(" /", f" {PREFIX}/"): limit for route, limit in (limits or {}).items()}
        self._open_requests = ProcessLimit("requests", _OPEN_REQUESTS)
        self._changes = ProcessLimit("changes", _CHANGES)
        self._few_listed = ProcessLimit("lists", _FEW_LISTED)
        self._answer_sizes = AnswerSizes()
        self._limit_status: RateLimitStatus | None = None
        self._known_user: str | None = None
        self._open_paths = None if open_paths is None else {PREFIX + path for path in open_paths}
        self._bodiless_paths = {PREFIX + path for path in bodiless_paths}
        self.exception_handler(DomainError)(self._refused)
        self.exception_handler(RequestValidationError)(self._not_valid)
        self.exception_handler([ResponseValidationError, Exception])(self._broken)
        self.not_found(self._unknown)

    @property
    def event(self) -> dict[str, Any]:
        """The request event of API Gateway."""
        return self.current_event.raw_event

    @property
    def claims(self) -> Claims:
        """The claims of the token; only on routes that need one."""
        return cast("Claims", self.context["claims"])

    @property
    def user_id(self) -> str:
        """ID of the signed-in user; only on routes that need a token."""
        return self.claims.sub

    def account(self, user: User | None) -> User:
        """Return the signed-in user's account.

        Raises:
            Unauthenticated: The account does not exist any more, or the sign-in was revoked.
        """
        return account_of(user, self.claims)

    def limit(self, name: str, rate: Rate, *, key: str | None = None, units: int = 1) -> None:
        """Take units of a rate limit. The response then contains the limit's status.

        Args:
            name: Name of the limit.
            rate: How many units are allowed in how many seconds.
            key: Client that is limited, such as a user ID. None means the source address of the request.
            units: How many units the request takes.

        Raises:
            TooManyRequests: The limit is reached.
        """
        from llmready import bootstrap  # noqa: PLC0415 - AWS's library, which the public function does without

        key = source_address(self.event) if key is None else key
        self._note(take_units(bootstrap.services(), name, key, rate, units=units))

    def limit_list(self, per_page: int, offset: int = 0, *, weight: int = 1) -> None:
        """Count a list of the signed-in user's entries by what it reads.

        Args:
            per_page: The greatest number of its entries.
            offset: The number of entries before them, which are read from the index.
            weight: How many ordinary entries an entry costs.

        Raises:
            TooManyRequests: The user listed too many entries.
        """
        units = math.ceil(per_page * weight / _LISTED_UNIT) + offset // _SKIPPED_UNIT
        if self._few_listed.take(self.user_id, now(), units=units).wait:
            self.limit("lists", _LISTED, key=self.user_id, units=units)

    def _note(self, status: RateLimitStatus | None) -> None:
        """Add a rate limit status to the answer, and refuse the request if the limit is reached."""
        self._limit_status = status
        if status is not None and status.wait:
            raise _too_many(status)

    def _limit_route(self, event: dict[str, Any], claims: Claims | None) -> None:
        """Count a request before its body is read.

        For a route without its own limit, this process counts requests in memory. It counts per source
        address on routes without sign-in, and per user on routes that change something.
        """
        method, source = _method(event), source_address(event)
        own = self._limits.get(f"{method} {event['rawPath']}")
        if own is not None:
            from llmready import bootstrap  # noqa: PLC0415 - see limit

            key = claims.sub if own.per_user and claims is not None else source
            self._note(take_units(bootstrap.services(), own.name, key, own.rate()))
            return
        is_open = claims is None or claims.aud == Audience.DOWNLOAD
        if not is_open and method in READS:
            return
        status = (
            self._open_requests.take(source, now())
            if is_open or claims is None
            else self._changes.take(claims.sub, now())
        )
        if status.wait:
            self._note(status)

    def entry(self) -> Handler:
        """Return the function that Lambda calls."""

        @logger.inject_lambda_context(
            correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
        )
        @tracer.capture_lambda_handler(capture_response=False)
        def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            # A trailing slash does not matter.
            event["rawPath"] = event.get("rawPath", "").rstrip("/") or "/"
            is_head = _method(event) == "HEAD"
            if is_head:
                # RFC 9110, section 9.3.2: the answer to GET without its content.
                event["requestContext"]["http"]["method"] = "GET"
            self._limit_status = self._known_user = None
            answer = self._pass_gate(event) or self.resolve(event, context)
            answer = self._counted(answer, event)
            if is_head:
                answer |= {"body": "", "isBase64Encoded": False}
            answer["headers"] = {
                **_HEADERS,
                **_limit_headers(self._limit_status),
                **answer.get("headers", {}),
            }
            answer["body"] = answer.get("body") or ""
            if answer["body"] and answer["headers"].get("Content-Type") == CONTENT_TYPE:
                answer["body"] = absolute_type(answer["body"], _base_url(event))
            return answer

        return cast("Handler", handler)

    def _pass_gate(self, event: dict[str, Any]) -> dict[str, Any] | None:
        try:
            _check_path(event["rawPath"])
            _check_origin(event)
            claims = self._claims(event)
            if claims is not None:
                self._note(self._answer_sizes.refusal(claims.sub, _method(event), event["rawPath"]))
            self._limit_route(event, claims)
            if event["rawPath"] in self._bodiless_paths:
                event["body"] = None
            check_body(event)
            self._refuse_other_methods(event)
        except DomainError as error:
            return _answer(problem(error, _request_id(event)))
        if claims is not None:
            self._known_user = claims.sub
            self.append_context(claims=claims)  # type: ignore[no-untyped-call]
            logger.append_keys(user_id=claims.sub)
        return None

    def _counted(self, answer: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        """Count the size of the answer to a signed-in user.

        Returns:
            The answer, or a problem if the user read too much today.
        """
        if self._known_user is None:
            return answer
        size = len((answer.get("body") or "").encode(errors="replace"))
        status = self._answer_sizes.count(self._known_user, _method(event), event["rawPath"], size)
        if status is None:
            return answer
        self._limit_status = status
        return _answer(problem(_too_many(status), _request_id(event)))

    def _claims(self, event: dict[str, Any]) -> Claims | None:
        """Return the claims of the token or API key of a request; None on paths that need neither.

        Raises:
            Unauthenticated: The request has no valid credentials.
            Forbidden: The credentials are an API key, which is not accepted on this route.
        """
        if self._open_paths is None:
            return None
        from llmready import bootstrap  # noqa: PLC0415 - see limit

        services = bootstrap.services()
        if (key := api_key_of(event)) is not None:
            claims = check_api_key(services, key)
            check_scopes(claims, _method(event), event["rawPath"])
            return claims
        if event["rawPath"] in self._open_paths:
            return None
        claims = self._authenticate(event, services.signing_keys())
        changes = _method(event) not in READS
        bootstrap.open_families().check(claims, changes=changes, time=services.clock())
        return claims

    def _refuse_other_methods(self, event: dict[str, Any]) -> None:
        """Refuse ``GET /generations/start``, which would otherwise be read as a generation with the ID "start"."""
        routes = [route for route in self._static_routes if route.rule.match(event["rawPath"])]
        if routes and all(route.method != _method(event) for route in routes):
            raise _not_allowed(routes)

    def _refused(self, error: DomainError) -> Response[str]:
        logger.info("refused", code=error.code)
        return problem(error, self.request_id)

    def _not_valid(self, error: RequestValidationError) -> Response[str]:
        return validation_problem(error, self.request_id)

    def _broken(self, error: Exception) -> Response[str]:
        logger.exception("request failed", exc_info=error)
        return internal_problem(self.request_id)

    def _unknown(self, _error: Exception) -> Response[str]:
        path = self.current_event.path
        matching = [route for route in self._dynamic_routes if route.rule.match(path)]
        if matching:
            return problem(_not_allowed(matching), self.request_id)
        return problem(NotFound("not_found", "This path does not exist."), self.request_id)

    @property
    def request_id(self) -> str:
        """ID of the request, as in answers and logs."""
        return _request_id(self.event)


def _answer(response: Response[str]) -> dict[str, Any]:
    headers = {"Content-Type": response.content_type, **response.headers}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body}


def _too_many(status: RateLimitStatus) -> TooManyRequests:
    return TooManyRequests(
        f"too_many_{status.name}" if status.name == "starts" else "too_many_requests",
        "You sent too many requests; please wait a moment.",
        retry_after=status.wait,
    )


def _check_path(path: str) -> None:
    """Refuse control characters in a path.

    The patterns of routes also match a path with a line break at its end. Such a path would have no rate limit.

    Raises:
        NotFound: The path has a control character, which no route has.
    """
    if any(char < " " or char == "\x7f" for char in path):
        raise NotFound("not_found", "This path does not exist.")


def _check_origin(event: dict[str, Any]) -> None:
    """Refuse a request that did not come through the distribution, on stages that have one.

    Raises:
        Forbidden: The request lacks the distribution's secret header.
    """
    if not settings().origin_secret:
        return
    from llmready import bootstrap  # noqa: PLC0415 - see Api.limit

    from_distribution(event, bootstrap.origin_secret().accepted(header(event, SECRET_HEADER)))


def _not_allowed(routes: list[Route]) -> MethodNotAllowed:
    allowed = sorted({route.method for route in routes})
    return MethodNotAllowed(
        "method_not_allowed", "This path does not accept this method.", allow=", ".join(allowed)
    )


def offset_of(page: int, per_page: int) -> int:
    """Return the number of entries before a page.

    Raises:
        Invalid: The page is beyond the last numbered page; use a cursor instead.
    """
    if page * per_page > _DEEPEST_OFFSET:
        raise Invalid(
            "page",
            f"Page numbers work only for the first {_DEEPEST_OFFSET} entries; use the cursor for later entries.",
            code="use_cursor",
        )
    return (page - 1) * per_page


def pages_of(total: int, per_page: int) -> int:
    """Return the number of pages of a list."""
    return -(-total // per_page)


def _limit_headers(status: RateLimitStatus | None) -> dict[str, str]:
    """Return the headers with the rate limit status (draft-ietf-httpapi-ratelimit-headers-10)."""
    if status is None:
        return {}
    rate = status.rate
    return {
        "RateLimit-Policy": f'"{status.name}";q={rate.tokens};w={rate.seconds}',
        "RateLimit": f'"{status.name}";r={status.remaining};t={status.wait or status.full_in}',
    }


def _base_url(event: dict[str, Any]) -> str:
    """Return the URL under which the client reached the service, as the gateway saw it."""
    domain = event.get("requestContext", {}).get("domainName")
    if settings().stage == "local" or not domain:
        return settings().public_url
    return f"https://{domain}"


def _method(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("http", {}).get("method", "")).upper()


def _request_id(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))
