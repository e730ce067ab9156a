"""Bodies of ``/websites``."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from llmready.domain.controls import Controls
from llmready.domain.plans import Schedule
from llmready.domain.schedules import effective_schedule, next_run
from llmready.domain.user import User
from llmready.domain.website import Languages, LinkTarget, Patterns, Website
from llmready.http.schemas.common import Answer, Line, Request, Text, Timestamp, Url, not_null

Name = Annotated[Line, Field(max_length=200)]
Description = Annotated[Text, Field(max_length=2000)]
MaxPages = Annotated[
    int, Field(ge=1, le=100_000, strict=True, description="1 to the plan's limit; null for the plan's limit.")
]
Timeout = Annotated[
    int, Field(ge=30, le=3600, strict=True, description="Seconds, from 30 to the plan's longest crawl.")
]
LinkTargetField = Annotated[
    LinkTarget,
    Field(
        description="Targets of the links in llms.txt. `page`: the pages of the website. `markdown`: the Markdown"
        " files of the archive, which you copy to the root of the website."
    ),
]
Flag = Annotated[bool, Field(strict=True)]
ScheduleField = Annotated[
    Schedule,
    Field(
        description="How often generations of the website start automatically. A value above the plan's limit"
        " is refused with 403 `plan_limit`. After a downgrade, the value stays, and runs start as often as the plan"
        " allows."
    ),
]


class WebsiteBody(Request):
    """A whole website; omitted fields take their defaults."""

    url: Url
    name: Name | None = None
    description: Description | None = None
    include_patterns: Patterns = Field(default_factory=list)
    exclude_patterns: Patterns = Field(default_factory=list)
    languages: Languages = Field(default_factory=list)
    max_pages: MaxPages | None = None
    use_playwright: Flag = False
    link_target: LinkTargetField = "page"
    timeout: Timeout = 300
    is_active: Flag = True
    schedule: ScheduleField = Schedule.OFF


class WebsiteChange(Request):
    """Changes of a website; omitted fields stay unchanged."""

    url: Url | SkipJsonSchema[None] = None
    name: Name | None = None
    description: Description | None = None
    include_patterns: Patterns | SkipJsonSchema[None] = None
    exclude_patterns: Patterns | SkipJsonSchema[None] = None
    languages: Languages | SkipJsonSchema[None] = None
    max_pages: MaxPages | None = None
    use_playwright: Flag | SkipJsonSchema[None] = None
    link_target: LinkTargetField | SkipJsonSchema[None] = None
    timeout: Timeout | SkipJsonSchema[None] = None
    is_active: Flag | SkipJsonSchema[None] = None
    schedule: ScheduleField | SkipJsonSchema[None] = None

    @field_validator("*", mode="before")
    @classmethod
    def _only_some_may_be_null(cls, value: object, field: ValidationInfo) -> object:
        return value if field.field_name in ("name", "description", "max_pages") else not_null(value)


class PreviewBody(Request):
    """Patterns to try; omitted fields take the patterns of the website."""

    include_patterns: Patterns | SkipJsonSchema[None] = None
    exclude_patterns: Patterns | SkipJsonSchema[None] = None


class PreviewAnswer(Answer):
    """Numbers of page URLs that patterns keep and exclude, with up to 20 examples of each."""

    kept: int
    excluded: int
    examples_kept: list[str]
    examples_excluded: list[str]


class WebsiteAnswer(Answer):
    """A website. ``next_run_at`` is null while no run will start automatically."""

    id: str
    url: str
    name: str
    description: str | None
    include_patterns: list[str]
    exclude_patterns: list[str]
    languages: list[str]
    max_pages: int | None
    use_playwright: bool
    link_target: LinkTarget
    timeout: int
    is_active: bool
    schedule: Schedule
    next_run_at: Timestamp | None
    last_generated_at: Timestamp | None
    generation_count: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, website: Website, user: User, *, time: datetime, controls: Controls) -> "WebsiteAnswer":
        """Return a website as the API shows it.

        Args:
            website: The website.
            user: Its owner, whose plan limits the schedule.
            time: Current time.
            controls: The settings of operators. Nothing starts while the service is paused.
        """
        runs = website.is_active and not controls.paused
        schedule = effective_schedule(website.schedule, user.plan) if runs else Schedule.OFF
        return cls.model_validate(
            {**website.model_dump(), "next_run_at": next_run(schedule, website.id, time)}
        )


def shown_website(website: Website) -> dict[str, object]:
    """Return a website without a schedule as the API shows it, as JSON values."""
    shown = WebsiteAnswer.model_validate({**website.model_dump(), "next_run_at": None})
    return shown.model_dump(mode="json")


class WebsiteList(Answer):
    """One page of websites, newest first."""

    items: list[WebsiteAnswer]
    total: int
    page: int
    per_page: int
    pages: int
    next_cursor: str | None


class WebsiteStats(Answer):
    """Statistics of a website's generations. ``success_rate`` is a percentage of the generations that ended."""

    website_id: str
    website_name: str
    website_url: str
    total_generations: int
    successful_generations: int
    failed_generations: int
    last_generation_at: Timestamp | None
    success_rate: float


class UserStats(Answer):
    """Statistics of a user's generations. ``success_rate`` is a percentage of the generations that ended."""

    total_websites: int
    active_websites: int
    total_generations: int
    successful_generations: int
    failed_generations: int
    generations_this_month: int
    generations_remaining: int
    resets_at: Timestamp = Field(description="Time when the monthly quota resets.")
    success_rate: float


def success_rate(completed: int, failed: int) -> float:
    """Return the percentage of ended generations that completed, with one decimal; 0 if none ended."""
    ended = completed + failed
    return round(100 * completed / ended, 1) if ended else 0.0
