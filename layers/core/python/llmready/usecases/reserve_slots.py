"""Reserve slots for paid plans, so that free accounts cannot delay paying users."""

from llmready.domain.generation import Generation
from llmready.services import Services


def must_yield(services: Services, generation: Generation, *, browser: bool) -> bool:
    """Return whether a generation of the free plan must leave a slot to a paid one that waits.

    A slot is the capacity for one running crawl. The service has ``max_tasks`` times ``crawlers_per_task`` slots.
    While generations of paid plans wait in a queue, half of the slots (rounded down) are reserved for them.
    Generations of the free plan then start only in the other half. Otherwise, the free plan may use all
    slots.

    Args:
        services: The process's services.
        generation: The generation that a worker wants to start.
        browser: Whether the worker has a browser. A worker without a browser ignores paid generations that need one.
    """
    if generation.paid:
        return False
    settings = services.settings
    slots = settings.max_tasks * settings.crawlers_per_task
    time = services.clock()
    if not services.generations.paid_waits(browser=browser):
        return False
    free_running = sum(
        not other.paid and not other.is_abandoned(time) for other in services.generations.running()
    )
    return free_running >= slots - slots // 2
