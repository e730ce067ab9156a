"""Compute the cost of a deployment: resources of its template and a load, with :mod:`llmready.domain.prices`.

Resources are counted in the template. Figures that no template contains, such as durations, are in
:class:`Usage`, each with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from llmready.domain import prices
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.domain.prices import Architecture

HOURS = 730
MINUTES = HOURS * 60
# Lambda polls a queue with five pollers, each of which waits 20 s for a message.
POLLS_A_MINUTE = 5 * 60 / 20
SCHEDULES = {
    "rate(1 minute)": MINUTES,
    "rate(5 minutes)": MINUTES / 5,
    "cron(0 2 * * ? *)": HOURS / 24,
    "cron(30 * * * ? *)": HOURS,
    "cron(0 0 1 * ? *)": 1,
    "cron(15,30,45 * 1-2 * ? *)": 2 * 24 * 3,
}


class Usage(NamedTuple):
    """Use of resources by a generation and by an idle minute."""

    pages_per_second: float = 2.0
    """Pages per second.

    The crawler could fetch a hundred, but a polite crawl of one host is rarely faster than this.
    """
    browser_pages_per_second: float = 1.0
    """Seconds per rendered page: its scripts load and run before the page is read."""
    start_seconds: float = 30.0
    """Seconds from RunTask to the first page: Fargate pulls the image each time, and charges from then on."""
    browser_start_seconds: float = 45.0
    """The image with a browser is twice as large."""
    idle_seconds: float = 60.0
    """Seconds after which a worker without work ends. At a low load, each generation pays for these seconds."""
    page_files: int = 12
    """Files of the web app that a first visit loads; one first visit per generation is assumed."""
    visit_bytes: int = 250_000
    """Bytes of a first visit and of API responses through CloudFront."""
    requests: int = 40
    """API requests: sign-in, start, a status every few seconds, a download."""
    request_seconds: float = 0.06
    event_seconds: float = 0.2
    event_calls: int = 5
    """Function calls outside of API requests: dispatcher, notifier, a stopped task."""
    writes: int = 47
    """Write units: the transactions of start, claim and finish count twice, with their indexes; heartbeats."""
    writes_per_page: float = 0.02
    reads: int = 90
    messages: int = 12
    mails: int = 1
    page_bytes: int = 12_000
    """Size of an archive, compressed."""
    files: int = 4
    """The archive, its index, the pages that were found, and the HTTP cache for the website's next crawl."""
    table_bytes: int = 5_000
    """Size of a generation with its index entries and its mail; PITR is also charged by the table's size."""
    log_bytes: int = 20_000
    traces: int = 4
    """Share of traces that are kept: X-Ray samples the first request of each second and one in twenty of the
    others."""
    kept_months: float = 1.0
    """Months for which an archive is kept: 30 days on most plans."""
    rounds_writes: int = 2
    """Write units of an idle minute: the dispatcher's lease."""
    rounds_reads: int = 4
    rounds_log_bytes: int = 1_500
    metrics_idle: int = 3
    """Custom metrics that the dispatcher writes each minute."""
    metrics_busy: int = 20
    image_gb: float = 0.33
    """Size of both images in the registry, compressed."""


USAGE = Usage()


class TaskSize(NamedTuple):
    """CPU units and MiB of a task."""

    cpu: int
    memory: int


class Stack(NamedTuple):
    """Resources of a template that cost money."""

    alarm_metrics: int
    dashboards: int
    secrets: int
    calls: float
    """Scheduled function calls per month."""
    polled_queues: int
    event_memory: float
    http_memory: float
    architecture: Architecture
    task: TaskSize
    browser_task: TaskSize
    backed_up: bool
    """Whether the table can be restored to each second (PITR)."""
    web: bool
    """Whether CloudFront serves the web app and the API."""
    scanned: bool
    """Whether GuardDuty scans each file."""
    always_on: list[str]
    """Resources that are charged by the hour; there should be none."""


_BY_THE_HOUR = frozenset(
    {
        "AWS::EC2::NatGateway",
        "AWS::EC2::EIP",
        "AWS::EC2::Instance",
        "AWS::ECS::Service",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::RDS::DBInstance",
    }
)


def read_template(template: dict[str, Any]) -> Stack:
    """Count what costs money.

    Args:
        template: a synthesised stage.
    """
    resources = list(template["Resources"].values())

    def each(kind: str) -> list[dict[str, Any]]:
        return [entry["Properties"] for entry in resources if entry["Type"] == kind]

    tasks = {_has_browser(task): task for task in each("AWS::ECS::TaskDefinition")}
    memory = {
        name: entry["MemorySize"] / 1024
        for entry in each("AWS::Lambda::Function")
        if (name := entry.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_SERVICE_NAME"))
    }
    return Stack(
        alarm_metrics=sum(_metrics(alarm) for alarm in each("AWS::CloudWatch::Alarm")),
        dashboards=len(each("AWS::CloudWatch::Dashboard")),
        secrets=len(each("AWS::SecretsManager::Secret")),
        calls=sum(
            SCHEDULES[rule["ScheduleExpression"]]
            for rule in each("AWS::Events::Rule")
            if "ScheduleExpression" in rule
        ),
        polled_queues=len(each("AWS::Lambda::EventSourceMapping")),
        event_memory=memory["dispatcher"],
        http_memory=memory["generations"],
        architecture="arm64" if tasks[False]["RuntimePlatform"]["CpuArchitecture"] == "ARM64" else "x86_64",
        task=_size(tasks[False]),
        browser_task=_size(tasks[True]),
        backed_up=any(
            table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
            for table in each("AWS::DynamoDB::Table")
        ),
        web=bool(each("AWS::CloudFront::Distribution")),
        scanned=bool(each("AWS::GuardDuty::MalwareProtectionPlan")),
        always_on=sorted({entry["Type"] for entry in resources} & _BY_THE_HOUR),
    )


def _has_browser(task: dict[str, Any]) -> bool:
    (container,) = task["ContainerDefinitions"]
    ((name, value),) = variables(Settings(browser=True)).items()
    return {"Name": name, "Value": value} in container["Environment"]


def _size(task: dict[str, Any]) -> TaskSize:
    return TaskSize(int(task["Cpu"]), int(task["Memory"]))


def _metrics(alarm: dict[str, Any]) -> int:
    return sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1


class Load(NamedTuple):
    """Load of the service in a month."""

    generations: float = 0
    pages: int = 100
    spot: bool = True
    browser: bool = False
    shared_tasks: bool = False
    """Whether generations follow each other so fast that they share the start and the idle time of tasks."""


def task_seconds(load: Load, usage: Usage = USAGE) -> float:
    """Return the task seconds that one generation costs."""
    start = usage.browser_start_seconds if load.browser else usage.start_seconds
    pace = usage.browser_pages_per_second if load.browser else usage.pages_per_second
    return load.pages / pace + (0.0 if load.shared_tasks else start + usage.idle_seconds)


def month(stack: Stack, load: Load, *, allowance: bool = True, usage: Usage = USAGE) -> dict[str, float]:
    """Return the monthly cost in US dollars by item.

    Args:
        stack: The resources of the template.
        load: The load of the service.
        allowance: Whether the account's free allowances are available.
        usage: The assumptions that the template does not contain.
    """
    many = load.generations
    traffic = many * load.pages * usage.page_bytes / 1e9
    calls = stack.calls + many * usage.event_calls
    requests = many * usage.requests
    seconds = calls * usage.event_seconds * stack.event_memory
    seconds += requests * usage.request_seconds * stack.http_memory
    messages = stack.polled_queues * POLLS_A_MINUTE * MINUTES + many * usage.messages
    writes = MINUTES * usage.rounds_writes + many * (usage.writes + usage.writes_per_page * load.pages)
    reads = MINUTES * usage.rounds_reads + many * usage.reads
    logs = (stack.calls * usage.rounds_log_bytes + many * usage.log_bytes) / 1e9
    metrics = usage.metrics_busy if many else usage.metrics_idle
    kept = traffic * usage.kept_months
    stored = many * usage.table_bytes / 1e9
    scanned = 1 if stack.scanned else 0
    visits = many if stack.web else 0

    def of(price: prices.Price, amount: float) -> float:
        return price.of(amount, allowance=allowance)

    size = stack.browser_task if load.browser else stack.task
    hour = prices.task_hour(cpu=size.cpu, memory=size.memory, architecture=stack.architecture, spot=load.spot)
    free_seconds = prices.LAMBDA_FREE_GB_SECONDS if allowance else 0
    return {
        "tasks (Fargate)": many * task_seconds(load, usage) * hour / 3600,
        "functions (Lambda)": of(prices.LAMBDA_REQUEST, calls + requests)
        + max(0.0, seconds - free_seconds) * prices.LAMBDA_GB_SECOND[stack.architecture],
        "requests (API Gateway)": of(prices.HTTP_REQUEST, requests),
        "web app (CloudFront)": of(prices.CDN_REQUEST, visits * (usage.requests + usage.page_files))
        + of(prices.CDN_GB, visits * usage.visit_bytes / 1e9),
        "table (DynamoDB)": of(prices.TABLE_WRITE, writes)
        + of(prices.TABLE_READ, reads)
        + of(prices.TABLE_GB_MONTH, stored),
        "table backups (PITR)": of(prices.TABLE_BACKUP_GB_MONTH, stored if stack.backed_up else 0),
        "files (S3)": of(prices.FILE_PUT, many * usage.files)
        + of(prices.FILE_GET, many)
        + of(prices.FILE_GB_MONTH, kept),
        "malware scan (GuardDuty)": scanned * of(prices.SCAN_GB, traffic)
        + scanned * of(prices.SCAN_FILE, many * usage.files),
        "downloads (traffic)": of(prices.TRAFFIC_OUT_GB, traffic),
        "queues (SQS)": of(prices.QUEUE_REQUEST, messages),
        "mails (SES)": of(prices.MAIL, many * usage.mails),
        "logs and traces": of(prices.LOG_GB, logs) + of(prices.TRACE, stack.calls + many * usage.traces),
        "metrics, alarms, dashboard": of(prices.METRIC_MONTH, metrics)
        + of(prices.ALARM_MONTH, stack.alarm_metrics)
        + of(prices.DASHBOARD_MONTH, stack.dashboards),
        "secrets": of(prices.SECRET_MONTH, stack.secrets),
        "image (ECR)": of(prices.IMAGE_GB_MONTH, usage.image_gb),
    }


def generation(stack: Stack, pages: int, *, spot: bool = True, browser: bool = False) -> float:
    """Return the cost of one additional generation in its own task, without free allowances."""

    def total(many: float) -> float:
        load = Load(many, pages, spot, browser)
        parts = month(stack, load, allowance=False)
        return sum(parts.values()) - parts["metrics, alarms, dashboard"]

    return total(1) - total(0)


class Table(NamedTuple):
    """A table of the report."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(stack: Stack) -> list[Table]:
    """Return the tables: the idle month, a generation by its pages, months by their load."""
    idle = [month(stack, Load(), allowance=allowance) for allowance in (True, False)]
    loads = [
        ("1 thousand", Load(1e3)),
        ("1 million", Load(1e6, shared_tasks=True)),
        ("300 million (10 million a day)", Load(3e8, shared_tasks=True)),
    ]
    months = [month(stack, load) for _, load in loads]
    return [
        Table(
            ("idle month", "USD", "USD, no free allowance"),
            _rows(idle, _cents),
        ),
        Table(
            ("pages of a generation", "task seconds", "USD on Spot", "USD on demand", "USD on Spot, browser"),
            [
                (
                    f"{pages:,}",
                    f"{task_seconds(Load(1, pages)):,.0f}",
                    f"{generation(stack, pages):.5f}",
                    f"{generation(stack, pages, spot=False):.5f}",
                    f"{generation(stack, pages, browser=True):.5f}",
                )
                for pages in (10, 100, 200, 500, 1000)
            ],
        ),
        Table(("generations a month, 100 pages each", *(name for name, _ in loads)), _rows(months, _dollars)),
    ]


def _rows(columns: list[dict[str, float]], shown: Callable[[float], str]) -> list[tuple[str, ...]]:
    rows = [(name, *(shown(column[name]) for column in columns)) for name in columns[0]]
    return [*rows, ("total", *(shown(sum(column.values())) for column in columns))]


def _cents(dollars: float) -> str:
    return f"{dollars:.2f}"


def _dollars(dollars: float) -> str:
    return f"{dollars:,.2f}" if dollars < 1000 else f"{dollars:,.0f}"


def markdown(stack: Stack) -> str:
    """Return the tables as Markdown for docs/cost.md."""
    return "\n\n".join(
        "\n".join(
            (
                _line(table.head),
                "|" + "|".join(["---", *["---:"] * (len(table.head) - 1)]) + "|",
                *map(_line, table.rows),
            )
        )
        for table in tables(stack)
    )


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"
