"""Webhooks on the account screen: created, tested, looked at, and rotated."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from standardwebhooks import Webhook

from testkit.receiver import receiving
from testkit.system import System
from tests.web.conftest import SITE_PORTS, Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def test_a_webhook_is_created_tested_and_its_deliveries_are_shown(system: System, visit: Visit) -> None:
    with receiving(port=SITE_PORTS[-1]) as receiver:
        receiver.body = b"<script>alert(1)</script>"
        page = visit().sign_in(system.confirm(system.user()), "/account/webhooks")
        page.get_by_label("Address").fill("https://127.0.0.1/hooks")
        page.get_by_role("button", name="Create webhook").click()
        # Each refusal says what is wrong and what to enter instead.
        expect(page.locator(".error")).to_contain_text("This address is not public")
        expect(page.locator(".error")).to_contain_text("such as https://example.com/hooks")
        page.get_by_label("Address").fill("http://example.com/hooks")
        page.get_by_role("button", name="Create webhook").click()
        expect(page.locator(".error")).to_contain_text("begins with https:// instead of http://")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Create webhook").click()
        secret = page.locator(".secret").inner_text().strip()
        page.get_by_role("button", name="Deliveries").click()
        page.get_by_role("button", name="Send a test").click()
        page.wait_for_timeout(3000)
        page.get_by_role("button", name="Refresh").click()
        delivery = page.locator("main details").first
        expect(delivery).to_contain_text("ping: succeeded")
        delivery.locator("summary").click()
        expect(delivery).to_contain_text("200 after")
        # What the receiver answered is shown as text.
        expect(delivery).to_contain_text("<script>alert(1)</script>")
        (request,) = receiver.requests
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "ping"
        delivery.get_by_role("button", name="Send again").click()
        page.wait_for_timeout(3000)
        assert receiver.ids == [request.headers["webhook-id"]] * 2
        page.get_by_role("button", name="Replace the secret").click()
        page.get_by_role("dialog").get_by_role("button", name="Replace secret").click()
        expect(page.locator(".secret")).not_to_have_text(secret)


def test_the_buttons_of_a_webhook_fit_a_phone(system: System, visit: Visit) -> None:
    page = visit(viewport={"width": 320, "height": 640}).sign_in(system.user(), "/account/webhooks")
    page.get_by_label("Address").fill("https://example.com/hooks/of-a-long-name/" + "x" * 60)
    page.get_by_role("button", name="Create webhook").click()
    delete = page.get_by_role("button", name="Delete https://example.com")
    expect(delete).to_be_visible()
    box, table = delete.bounding_box(), page.locator("table").locator("..").bounding_box()
    assert box is not None
    assert table is not None
    assert box["x"] + box["width"] <= table["x"] + table["width"]
    page.get_by_role("button", name="Deliveries").click()
    deliveries = page.get_by_role("region", name="Deliveries")
    expect(deliveries).to_contain_text("To https://example.com/hooks")
