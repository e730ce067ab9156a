"""Details of single screens beyond the main flows."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from testkit.sites import Site
from testkit.system import System
from tests.web.conftest import Visitor
from tests.web.test_flows import finished_website

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def test_the_only_website_of_a_plan_is_explained_on_every_screen(
    system: System, visit: Visit, handbook: Site
) -> None:
    person, website, _ = finished_website(system, handbook, "free")
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}")
    page.get_by_role("link", name="Changes", exact=True).click()
    expect(page.get_by_role("heading", name="This is the first generation")).to_be_visible()
    expect(page.get_by_text("Your plan allows the next generation from 1")).to_be_visible()

    page.get_by_role("link", name="Use it", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the zip").click()
    assert httpx.get(download.value.url).status_code == 200

    page.goto(f"{visitor.origin}/websites")
    page.get_by_role("button", name="Add several").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("allows 1\u00a0website; you have 1. No more can be added.")
    dialog.get_by_label("Or read them from a text file").set_input_files(
        {
            "name": "sites.txt",
            "mimeType": "text/plain",
            "buffer": b"example.org\n\nhttps://example.net/docs\n",
        }
    )
    dialog.get_by_role("button", name="Add 2\u00a0websites").click()
    expect(dialog).to_contain_text("0\u00a0websites added, 2 refused.")
    dialog.get_by_role("button", name="Done").click()

    page.get_by_role("button", name="Add website").click()
    expect(page.get_by_role("dialog")).to_contain_text("No more can be added.")
    page.get_by_role("button", name="Close").click()

    page.goto(f"{visitor.origin}/websites/{website}/score")
    page.get_by_text("What the score checks").click()
    expect(page.get_by_text("links lead to pages that exist")).to_be_visible()
    page.get_by_role("link", name="Generations: 0 of 1 left").click()
    expect(page.get_by_text("To change your plan, ask the operator")).to_be_visible()


def test_an_address_is_changed_in_the_settings(system: System, visit: Visit, handbook: Site) -> None:
    person, website, _ = finished_website(system, handbook)
    other = person.website("https://example.net/", name="Other")
    page = visit().sign_in(person, f"/websites/{website}/settings")
    page.get_by_label("Website address").fill("example.net")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").get_by_role("link", name="Open it")).to_have_attribute(
        "href", f"/websites/{other}"
    )
    page.get_by_label("Website address").fill(f"http://{handbook.host}/page1.html")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    assert person.http.get(f"/websites/{website}").json()["url"] == f"http://{handbook.host}/page1.html"


def test_missing_and_wrong_values_are_named_beside_their_fields(system: System, visit: Visit) -> None:
    page = visit().sign_in(system.user(), "/account/keys")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("alert")).to_have_text("Fill in this field.")
    name = page.get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Fill in this field.")
    page.get_by_label("Name").fill("   ")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Current password").fill("x")
    page.get_by_label("New password").press_sequentially("short")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_have_text("Enter at least 8 characters.")
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_label("Current password")).to_have_accessible_description(
        "This is not your current password."
    )


def test_save_button_is_visible_beside_changed_settings(system: System, visit: Visit) -> None:
    person = system.user()
    website = person.website("https://example.org/")
    page = visit().sign_in(person, f"/websites/{website}/settings")
    page.get_by_label("Exclude").fill("/private/**")
    expect(page.get_by_text("Not saved yet")).to_be_in_viewport()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()


PASSWORD_FIELDS = {
    "/sign-in": ["password"],
    "/?url=example.com": ["password"],
    "/reset-password#token=x": ["new password"],
    "/account/password": ["current password", "new password"],
    "/account/data": ["password"],
}


def test_passwords_can_be_shown_by_keyboard_and_are_hidden_on_submit(system: System, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open()
    for path, names in PASSWORD_FIELDS.items():
        if path == "/account/password":
            page = visitor.sign_in(system.user())
        page.goto("about:blank")
        page.goto(visitor.origin + path)
        fields = page.locator("input[name$=password]")
        expect(fields).to_have_count(len(names))
        for number, name in enumerate(names):
            field, switch = fields.nth(number), page.get_by_role("button", name=f"Show {name}", exact=True)
            expect(switch).to_have_attribute("aria-pressed", "false")
            field.fill("correct horse")
            page.keyboard.press("Tab")
            expect(switch).to_be_focused()
            for key, pressed, kind in (("Space", "true", "text"), ("Enter", "false", "password")):
                page.keyboard.press(key)
                expect(switch).to_have_attribute("aria-pressed", pressed)
                expect(field).to_have_attribute("type", kind)
                expect(field).to_have_value("correct horse")
            expect(
                page.get_by_role("main").get_by_role("alert").filter(has_text=re.compile("."))
            ).to_have_count(0)
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Your password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()
    expect(page.get_by_label("Your password")).to_have_attribute("type", "password")


def test_website_without_a_name_shows_its_address_once(system: System, visit: Visit) -> None:
    person = system.user()
    website = person.website("https://example.org/docs/", name="example.org/docs")
    visitor = visit()
    page = visitor.sign_in(person)
    expect(page.get_by_text("example.org/docs")).to_have_count(1)
    page.goto(f"{visitor.origin}/websites/{website}/history")
    heading = page.get_by_role("heading", level=1)
    expect(heading.get_by_role("link", name="example.org/docs")).to_have_attribute(
        "href", "https://example.org/docs/"
    )
    expect(page.get_by_text("example.org/docs")).to_have_count(1)


def test_expired_confirmation_link_needs_no_address_from_a_signed_in_user(
    system: System, visit: Visit
) -> None:
    person = system.user()
    visitor = visit()
    page = visitor.sign_in(person, "/account")
    expect(page.get_by_text("The address of an account cannot be changed.")).to_be_visible()
    page.goto(f"{visitor.origin}/confirm#token=expired")
    # A server that cannot be reached does not mean that the link has expired.
    visitor.context.set_offline(True)
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("alert")).to_contain_text("did not answer")
    visitor.context.set_offline(False)
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_text(f"The new link goes to {person.email}")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)
    page.get_by_role("button", name="Send a new link").click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(person.email)
    system.confirm(person)
    page.goto("about:blank")
    page.goto(f"{visitor.origin}/confirm#token=expired")
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("status").filter(has_text="is confirmed already")).to_be_visible()
