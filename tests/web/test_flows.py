"""The main flows of the web app, from the first visit to the files."""

import io
import re
import uuid
import zipfile
from collections.abc import Callable
from email import message_from_string
from email.policy import default

import httpx
import pytest
from playwright.sync_api import Page, expect

from testkit.sites import Site
from testkit.system import PASSWORD, Person, System, wait_for
from tests.web.conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def finished_website(system: System, site: Site, plan: str = "pro") -> tuple[Person, str, str]:
    """Return a person, one of their websites, and its completed generation."""
    person = system.user(plan)
    website = person.website(site.url, name="Handbook")
    run = person.finished(person.start(website))
    assert run["status"] == "completed", run
    return person, website, run["id"]


def test_a_url_becomes_files_without_any_documentation(visit: Visit, handbook: Site) -> None:
    visitor = visit()
    page = visitor.open()
    # The site answers on plain http only, and nobody types a scheme.
    page.get_by_label("Website address").fill(handbook.host)
    page.get_by_role("button", name="Generate").click()
    page.get_by_label("E-mail").fill(f"{uuid.uuid4().hex[:12]}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account and generate").click()
    page.wait_for_url("**/websites/**")
    # The result opens by itself when the generation completes.
    expect(page.locator(".prose")).to_contain_text("Page", timeout=90_000)
    expect(page.get_by_text("the pages were read over http")).to_be_visible()
    expect(page.get_by_role("link", name=handbook.host, exact=True)).to_have_attribute(
        "href", f"http://{handbook.host}"
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    content = httpx.get(download.value.url).content
    assert "llms.txt" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert download.value.suggested_filename.startswith("llmready_")


def test_phone_gets_from_sign_up_to_download_by_touch(visit: Visit, handbook: Site) -> None:
    phone = {"width": 360, "height": 740}
    visitor = visit(viewport=phone, is_mobile=True, has_touch=True, device_scale_factor=3)
    page = visitor.open()
    page.get_by_label("Website address").tap()
    page.get_by_label("Website address").fill(handbook.host)
    page.get_by_role("button", name="Generate").tap()
    page.get_by_label("E-mail").fill(f"{uuid.uuid4().hex[:12]}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Show password").tap()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Create account and generate").tap()
    expect(page.locator(".prose")).to_contain_text("Page", timeout=90_000)
    expect(page.get_by_role("link", name="0\u00a0generations left")).to_be_visible()
    page.get_by_role("link", name="Pages", exact=True).tap()
    page.get_by_role("button", name="Page 7").tap()
    expect(page.get_by_role("dialog").locator(".prose")).to_contain_text("Page 7")
    page.get_by_role("button", name="Next").tap()
    expect(page.get_by_role("dialog").locator(".prose")).to_contain_text("Page 8")
    page.get_by_role("button", name="Close").tap()
    page.get_by_text("▾").tap()
    page.get_by_role("link", name="API keys").tap()
    expect(page.get_by_role("heading", name="Create a key")).to_be_visible()
    page.go_back()
    assert overflow(page) <= 0
    visitor.watched.assert_clean()
    with page.expect_download():
        page.get_by_role("button", name="Download").tap()


def test_the_url_survives_a_reload_before_signing_up(visit: Visit, handbook: Site) -> None:
    page = visit().open()
    page.get_by_label("Website address").fill(handbook.url)
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Website address")).to_have_value(handbook.url)
    expect(page.get_by_label("Password")).to_be_visible()
    # The account is created with the corrected address.
    page.get_by_label("Website address").fill("example.org")
    expect(page.get_by_role("heading", name="generate the files of example.org")).to_be_visible()


@pytest.mark.parametrize("typed", ["", "ftp://example.com", "http://"])
def test_a_wrong_address_is_explained_beside_the_field(visit: Visit, typed: str) -> None:
    page = visit().open()
    page.get_by_label("Website address").fill(typed)
    page.get_by_role("button", name="Generate").click()
    field = page.get_by_label("Website address")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".error")).to_be_visible()


def test_a_run_shows_progress_and_can_be_cancelled(
    system: System, visit: Visit, unfinished_handbook: Site
) -> None:
    person = system.user("pro")
    website = person.website(unfinished_handbook.url, name="Unfinished handbook")
    person.start(website)
    page = visit().sign_in(person, f"/websites/{website}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text(re.compile(r"10 of \d+ pages"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("This generation was cancelled")).to_be_visible()
    assert person.quota()["generations_used"] == 0


def test_signing_out_ends_all_tabs(system: System, visit: Visit) -> None:
    visitor = visit()
    first = visitor.sign_in(system.user())
    second = visitor.open("/usage")
    expect(second.get_by_role("heading", name="Usage")).to_be_visible()
    first.get_by_text("▾").click()
    first.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("button", name="Sign in")).to_be_visible()


def test_two_tabs_share_one_session(system: System, visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in(system.user())
    tabs = [visitor.open(path) for path in ("/websites", "/usage", "/account")]
    for tab in tabs:
        for _ in range(3):
            tab.reload()
    for tab in tabs:
        expect(tab.get_by_role("heading", level=1)).to_be_visible()
        expect(tab.get_by_role("link", name="Usage", exact=True)).to_be_visible()


def test_other_sign_ins_can_be_ended(system: System, visit: Visit) -> None:
    person = system.user()
    here, elsewhere = visit(), visit()
    page = here.sign_in(person, "/account/sign-ins")
    elsewhere.sign_in(person)
    page.reload()
    rows = page.get_by_role("table", name="Sign-ins").get_by_role("row")
    expect(rows.filter(has_text="This browser")).to_have_count(1)
    # The two sessions of this test, and the session of the test's own client.
    ends = page.get_by_role("button", name="End the sign-in of")
    expect(ends).to_have_count(2)
    for left in (1, 0):
        ends.first.click()
        page.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
        expect(ends).to_have_count(left)
    expect(elsewhere.open("/account").get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(rows).to_have_count(2)


def test_an_expired_session_returns_to_the_same_place(system: System, visit: Visit) -> None:
    visitor = visit()
    person = system.user()
    page = visitor.sign_in(person)
    visitor.context.clear_cookies()
    page.goto(f"{visitor.origin}/account/keys")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account/keys")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://attacker.invalid/", "//attacker.invalid", "/\\attacker.invalid", "javascript:alert(1)"],
)
def test_signing_in_never_leads_to_another_origin(system: System, visit: Visit, elsewhere: str) -> None:
    visitor = visit()
    page = visitor.open(f"/sign-in?next={elsewhere}")
    person = system.user()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{visitor.origin}/websites")
    visitor.watched.assert_clean()


def test_wrong_passwords_and_taken_addresses_are_explained(system: System, visit: Visit) -> None:
    person = system.user()
    page = visit().open("/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(person.email)


def test_a_key_is_shown_once_and_can_be_revoked(system: System, visit: Visit) -> None:
    page = visit().sign_in(system.user(), "/account/keys")
    page.get_by_label("Name").fill("Deployment")
    page.get_by_role("button", name="Create key").click()
    key = page.locator(".secret").inner_text()
    assert key.startswith("llmr_")
    profile = f"{system.url}/auth/me"
    assert httpx.get(profile, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    page.reload()
    expect(page.get_by_text(f"llmr_…{key[-4:]}")).to_be_visible()
    assert key not in page.content()
    page.get_by_role("button", name="Revoke Deployment").click()
    page.locator("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No API keys")).to_be_visible()
    assert httpx.get(profile, headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_the_result_lists_every_page_with_its_text(system: System, visit: Visit, handbook: Site) -> None:
    person, website, _ = finished_website(system, handbook)
    page = visit().sign_in(person, f"/websites/{website}")
    page.get_by_role("link", name="Pages", exact=True).click()
    table = page.get_by_role("table", name="Pages")
    expect(table).to_have_attribute("aria-rowcount", "13")
    # The order is that of llms.txt until a heading is pressed.
    titles = table.locator(".page-open")
    expect(titles).to_have_text([f"Page {number}" for number in range(12)])
    heading = table.get_by_role("columnheader", name="Title")
    for order, first in (("ascending", "Page 0"), ("descending", "Page 11")):
        table.get_by_role("button", name="Title", exact=True).click()
        expect(heading).to_have_attribute("aria-sort", order)
        expect(titles.first).to_have_text(first)
    page.reload()
    expect(titles.first).to_have_text("Page 11")
    table.get_by_role("button", name="Title", exact=True).click()
    expect(heading).not_to_have_attribute("aria-sort", re.compile("."))
    expect(titles.first).to_have_text("Page 0")
    page.get_by_label("Search pages").fill("Page 7")
    page.get_by_role("button", name="Page 7").click()
    expect(page.locator("dialog .prose")).to_contain_text("7")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_unsaved_settings_are_named_and_saved(system: System, visit: Visit, handbook: Site) -> None:
    person, website, _ = finished_website(system, handbook)
    page = visit().sign_in(person, f"/websites/{website}/settings")
    page.get_by_label("Exclude").fill("/page1*")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    assert person.http.get(f"/websites/{website}").json()["exclude_patterns"] == ["/page1*"]


def test_a_schedule_is_chosen_within_the_plan_and_its_next_run_is_listed(
    system: System, visit: Visit, handbook: Site
) -> None:
    person = system.user("starter")
    website = person.website(handbook.url, name="Handbook")
    page = visit().sign_in(person, f"/websites/{website}/settings")
    choice = page.get_by_label("Generate automatically")
    expect(choice).to_have_value("off")
    expect(choice.locator("option[value=daily]")).to_be_disabled()
    choice.select_option("weekly")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Next run")).to_be_visible()
    assert person.http.get(f"/websites/{website}").json()["schedule"] == "weekly"
    page.get_by_role("link", name="Websites", exact=True).first.click()
    expect(page.get_by_role("cell", name=re.compile("^(in|tomorrow|just now)"))).to_be_visible()


def test_without_a_connection_the_page_says_so_and_recovers(system: System, visit: Visit) -> None:
    visitor = visit()
    page = visitor.sign_in(system.user(), "/websites")
    expect(page.get_by_text("No websites yet")).to_be_visible()
    visitor.context.set_offline(True)
    page.get_by_role("link", name="Usage", exact=True).click()
    expect(page.get_by_text("LLMReady did not answer").first).to_be_visible()
    visitor.context.set_offline(False)
    expect(page.get_by_role("table")).to_be_visible(timeout=20_000)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def mail_link(system: System, person: Person, subject: str, path: str) -> str:
    """Return a link in a person's newest email, below the origin."""

    def found() -> str | None:
        for raw in reversed(system.mails()):
            mail = message_from_string(raw, policy=default)
            if mail["To"] == person.email and subject in mail["Subject"]:
                body = mail.get_body(("html",))
                assert body is not None
                return str(re.findall(rf"http://localhost:\d+({path}[^\"]*)", body.get_content())[0])
        return None

    return str(wait_for(found))


def test_the_links_of_mails_open_in_the_app_and_act_on_a_press(
    system: System, visit: Visit, handbook: Site
) -> None:
    person = system.user("pro")
    page = visit().open(mail_link(system, person, "confirm", "/confirm"))
    assert person.http.get("/auth/me").json()["is_verified"] is False
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_text("Your address is confirmed")).to_be_visible()
    assert person.http.get("/auth/me").json()["is_verified"] is True
    person.finished(person.start(person.website(handbook.url)))

    page = visit().open(mail_link(system, person, "ready", "/download/"))
    with page.expect_download():
        page.get_by_role("button", name="Download").click()

    page = visit().open(mail_link(system, person, "ready", "/unsubscribe"))
    page.get_by_role("button", name="Stop these mails").click()
    expect(page.get_by_text("You will get no more mails of this kind")).to_be_visible()
    assert False in person.http.get("/auth/me").json()["mail_preferences"].values()


@pytest.mark.parametrize("path", ["/confirm", "/reset-password", "/unsubscribe", "/download/x"])
def test_a_wrong_link_says_what_to_do(visit: Visit, path: str) -> None:
    page = visit().open(f"{path}#token=wrong")
    press = page.get_by_role("main").get_by_role("button").first
    if path == "/reset-password":
        page.get_by_label("New password").fill("a long new password")
        press = page.get_by_role("button", name="Change password")
    press.click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("main").locator("a, button").first).to_be_visible()
    # Another link that is opened in the same tab is tried on its own.
    page.goto(f"{page.url}#token=another")
    expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_have_count(0)
    expect(press).to_be_visible()


def test_visitors_read_an_example_before_they_sign_up(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open()
    page.get_by_role("link", name="See an example").click()
    expect(page.locator(".prose")).to_contain_text("Print your first table")
    page.get_by_role("link", name="Pages", exact=True).click()
    page.get_by_role("button", name="Exit codes").click()
    expect(page.get_by_role("dialog")).to_contain_text("the station is unknown")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Score", exact=True).click()
    expect(page.get_by_text("of 100. The score uses")).to_be_visible()
    visitor.watched.assert_clean()
