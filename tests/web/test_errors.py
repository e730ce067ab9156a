"""Messages of the app about refused requests, missing objects and an unreachable server, with the next steps."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from testkit.sites import Site
from testkit.system import PASSWORD, System
from tests.web.conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def test_used_up_quota_disables_generate_and_names_the_reset_date(
    system: System, visit: Visit, handbook: Site
) -> None:
    person = system.user("free")
    website = person.website(handbook.url, name="Handbook")
    visitor = visit()
    page = visitor.sign_in(person)
    generate = page.get_by_role("button", name="Generate the files of Handbook")
    expect(generate).to_be_enabled()
    # Another program uses the last generation, so the server refuses (403) what this page still offers.
    person.finished(person.start(website))
    generate.click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You have used all generations of this month")
    expect(page.get_by_role("link", name="Compare plans")).to_be_visible()
    # After the refusal, this page and all other screens that start generations show that none are left.
    for path, name in (
        ("", "Generate the files of Handbook"),
        (f"/websites/{website}", "Generate again"),
        ("/?url=example.org", "Generate the files of example.org"),
    ):
        if path:
            page.goto(visitor.origin + path)
        button = page.get_by_role("button", name=name)
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description(re.compile(r"^No generations are left.* resets on 1 "))
        expect(page.get_by_role("main")).to_contain_text("The quota resets on 1")
    button.click(force=True)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.goto(f"{visitor.origin}/websites")
    page.get_by_role("button", name="Add website").click()
    expect(page.get_by_role("dialog")).to_contain_text("The quota resets on 1")
    expect(page.get_by_role("button", name="Add and generate")).to_have_count(0)


def test_missing_objects_are_reported(system: System, visit: Visit) -> None:
    visitor = visit()
    page = visitor.sign_in(system.user(), "/websites/01900000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("There is no such website")
    page.goto(f"{visitor.origin}/websites/x/y/z")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    page.get_by_role("link", name="Go to the start page").click()
    expect(page.get_by_role("heading", name="Websites", exact=True)).to_be_visible()


def test_a_website_that_exists_and_a_run_that_another_tab_started_are_opened(
    system: System, visit: Visit, unfinished_handbook: Site
) -> None:
    person = system.user("pro")
    website = person.website(unfinished_handbook.url, name="Handbook")
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}")
    expect(page.get_by_text("No files yet")).to_be_visible()
    generation = person.start(website)
    # The start is refused (409), because one is running; that one is what the person wants to see.
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_url(f"**/websites/{website}?run={generation}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    # A reload, and a lost connection, change nothing.
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.context.set_offline(True)
    expect(page.get_by_text("LLMReady did not answer")).to_be_visible(timeout=30_000)
    visitor.context.set_offline(False)
    expect(page.get_by_text("LLMReady did not answer")).to_be_hidden(timeout=30_000)
    expect(page.get_by_role("progressbar")).to_be_visible()

    page.get_by_role("link", name="Websites", exact=True).click()
    page.get_by_role("button", name="Add website").click()
    page.get_by_label("Website address").fill(unfinished_handbook.url)
    page.get_by_role("button", name="Add and choose settings").click()
    page.get_by_role("alert").get_by_role("link", name="Open it").click()
    page.wait_for_url(f"**/websites/{website}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("This generation was cancelled")).to_be_visible()


def test_frozen_page_resumes_polling(system: System, visit: Visit, unfinished_handbook: Site) -> None:
    person = system.user("pro")
    website = person.website(unfinished_handbook.url, name="Handbook")
    generation = person.start(website)
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if generation in request.url else None)
    lifecycle = visitor.context.new_cdp_session(page)
    lifecycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    # The network is often missing when a device wakes up.
    visitor.context.set_offline(True)
    assert person.http.post(f"/generations/{generation}/cancel", json={}).status_code == 202
    person.finished(generation)
    asked = len(polls)
    lifecycle.send("Page.setWebLifecycleState", {"state": "active"})
    expect(page.get_by_text("LLMReady did not answer")).to_be_visible()
    visitor.context.set_offline(False)
    expect(page.get_by_text("This generation was cancelled")).to_be_visible()
    # An ended run is no longer polled.
    assert len(polls) > asked
    ended = len(polls)
    page.wait_for_timeout(1500)
    assert len(polls) == ended


def test_starts_during_a_pause_say_so(system: System, visit: Visit) -> None:
    page = visit().sign_in(system.user(), "/?url=example.org")
    assert system.admin("pause").returncode == 0
    try:
        page.get_by_role("button", name="Generate the files of example.org").click()
        expect(page.get_by_role("alert")).to_contain_text("pause")
    finally:
        assert system.admin("resume").returncode == 0


def test_the_reason_of_a_refused_start_is_shown_and_is_not_in_the_url(system: System, visit: Visit) -> None:
    person = system.user()
    page = visit().open("/?url=http%3A%2F%2F10.0.0.1")
    page.get_by_role("button", name="Sign in instead").click()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in and generate").click()
    reason = page.locator(".notice.bad")
    expect(reason).to_contain_text("address")
    assert page.url.endswith("/websites?url=http%3A%2F%2F10.0.0.1")
    page.reload()
    expect(reason).to_contain_text("address")
    page.get_by_role("button", name="Close").click()
    expect(reason).to_have_count(0)


@pytest.mark.parametrize(
    "path",
    [
        "/websites?refused={}",
        "/websites?url=example.org&refused={}",
        "/?url={}",
        "/example?file={}",
        "/example/pages?page={}",
    ],
)
def test_a_link_does_not_choose_a_message_of_the_app(system: System, visit: Visit, path: str) -> None:
    visitor = visit()
    page = visitor.sign_in(system.user())
    page.goto(visitor.origin + path.format("Your%20account%20is%20locked"))
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Your account is locked")


def test_too_many_wrong_passwords_say_how_to_go_on(system: System, visit: Visit) -> None:
    person = system.user()
    for _ in range(10):
        person.http.post("/auth/login", json={"email": person.email, "password": "not the password"})
    page = visit().open("/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many")
    expect(page.get_by_label("E-mail")).to_have_value(person.email)


def test_unsaved_changes_are_not_lost_by_a_link(system: System, visit: Visit) -> None:
    person = system.user("pro")
    website = person.website("https://example.org/", name="Example")
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}/settings")
    page.get_by_label("Name", exact=True).fill("Another name")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.get_by_role("link", name="Usage", exact=True).click()
    # The user chose to stay on the page.
    assert visitor.watched.dialogs == ["Your changes are not saved. Leave this page?"]
    expect(page.get_by_label("Name", exact=True)).to_have_value("Another name")
    page.get_by_role("button", name="Discard changes").click()
    page.get_by_role("link", name="Usage", exact=True).click()
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()


def test_999_websites_are_found_filtered_and_sorted(system: System, visit: Visit) -> None:
    person = system.user("pro")
    addresses = [f"https://site{number:03}.example.org/" for number in range(1, 1000)]
    for start in range(0, len(addresses), 50):
        bulk = {"create": [{"url": url} for url in addresses[start : start + 50]]}
        assert person.http.post("/websites/bulk", json=bulk).json()["failed"] == 0
    page = visit().sign_in(person)
    rows = page.get_by_role("table", name="Your websites").get_by_role("row")
    expect(page.get_by_role("status").filter(has_text="999")).to_have_count(1, timeout=60_000)
    page.get_by_label("Sort by").select_option("name")
    expect(rows.nth(1)).to_contain_text("site001.example.org")
    page.get_by_label("Search").fill("site77")
    expect(rows).to_have_count(11)
    page.get_by_label("Show").select_option("running")
    expect(page.get_by_text("No website matches")).to_be_visible()
    page.get_by_role("button", name="Show all websites").click()
    expect(page.get_by_role("status").filter(has_text="999")).to_have_count(1)
