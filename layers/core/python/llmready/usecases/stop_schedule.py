"""Turn a schedule off after too many failed runs: the only place where the service does that."""

from llmready.domain.clock import new_id
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Schedule
from llmready.domain.schedules import must_stop
from llmready.domain.webhooks import EventType
from llmready.domain.website import Website
from llmready.services import Services
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.send_webhook import deliveries_of, hand_delivery_to_notifier


def stop_schedule(services: Services, website: Website) -> bool:
    """Turn the schedule of a website off and tell its owner why, if its last runs failed.

    Args:
        services: The process's services.
        website: The website as it was read.

    Returns:
        Whether the schedule was turned off by this call.
    """
    if not must_stop(website.schedule, website.schedule_failures):
        return False
    time = services.clock()
    mail = OutboxMail(
        id=new_id(),
        user_id=website.user_id,
        kind=MailKind.SCHEDULE_STOPPED,
        generation_id=website.failed_run_id,
        created_at=time,
        due_at=time,
    )
    stopped = website.changed(schedule=Schedule.OFF, schedule_failures=0, updated_at=time)
    deliveries = deliveries_of(
        services, website.user_id, EventType.SCHEDULE_STOPPED, services.show_website(stopped)
    )
    if not services.schedules.stop(website, mail, time, deliveries=deliveries):
        return False
    services.log.info("schedule stopped", website_id=website.id, generation_id=website.failed_run_id)
    hand_to_notifier(services, mail)
    for delivery in deliveries:
        hand_delivery_to_notifier(services, delivery)
    return True
