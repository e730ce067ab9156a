"""The structure, the accessible names and the live regions of each screen."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from testkit.sites import Site
from testkit.system import System
from tests.web.conftest import Visitor
from tests.web.test_flows import finished_website

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]

SIGNED_OUT = {
    "/": """
        - heading "Turn your website into files that language models read well" [level=1]
        - textbox "Website address"
        - button "Generate"
        - link "See an example →"
        - region "What you get":
          - heading "llms.txt" [level=2]
          - heading "llms-full.txt" [level=2]
          - heading "Markdown pages" [level=2]
    """,
    "/?url=example.com": """
        - textbox "Website address": example.com
        - button "Generate"
        - heading "Create a free account to generate the files of example.com" [level=2]
        - textbox "E-mail"
        - textbox "Password"
        - button "Create account and generate"
        - paragraph:
          - button "Sign in instead"
    """,
    "/example": """
        - status: /This is a real result/
        - heading "Tidewater" [level=1]
        - definition:
          - link "100 of 100, good"
        - navigation "Example":
          - link "llms.txt"
          - link "Pages"
          - link "Score"
        - combobox "File"
        - group "View":
          - button "Rendered" [pressed]
          - button "Raw"
        - button "Copy"
    """,
    "/sign-in": """
        - heading "Sign in" [level=1]
        - textbox "E-mail"
        - textbox "Password"
        - button "Sign in"
        - paragraph:
          - link "Create an account"
          - link "Forgot your password?"
    """,
    "/forgot-password": """
        - heading "Reset your password" [level=1]
        - textbox "E-mail"
        - button "Send the link"
    """,
    "/confirm#token=x": """
        - heading "Confirm your address" [level=1]
        - button "Confirm address"
    """,
    "/reset-password#token=x": """
        - heading "Choose a new password" [level=1]
        - textbox "New password"
        - button "Change password"
    """,
    "/unsubscribe#token=x": """
        - heading "Stop these mails" [level=1]
        - button "Stop these mails"
        - paragraph:
          - link "Choose which mails you get"
    """,
    "/download/x#token=x": """
        - heading "Download your files" [level=1]
        - button "Download"
    """,
    "/nowhere": """
        - heading "Page not found" [level=1]
        - link "Go to the start page"
    """,
}
ACCOUNT = {
    "/account": """
        - status: /Your address is not confirmed/
        - heading "Profile" [level=2]
        - textbox "Name"
        - button "Save" [disabled]
    """,
    "/account/password": """
        - heading "Change your password" [level=2]
        - textbox "Current password"
        - textbox "New password"
        - button "Change password"
    """,
    "/account/sign-ins": """
        - region "Where you are signed in":
          - heading "Where you are signed in" [level=2]
          - table "Sign-ins":
            - rowgroup
            - rowgroup:
              - row /This browser/
    """,
    "/account/mails": """
        - region "Mails":
          - checkbox "When a generation completes or fails" [checked]
          - checkbox "When the monthly quota resets"
    """,
    "/account/keys": """
        - heading "Create a key" [level=2]
        - textbox "Name"
        - group "Scopes":
          - checkbox "Read everything (read)" [checked]
        - textbox "Expires on (optional)"
        - button "Create key"
        - region "API keys":
          - heading "No API keys" [level=2]
    """,
    "/account/webhooks": """
        - heading "Create a webhook" [level=2]
        - textbox "Address"
        - group "Events":
          - checkbox "A generation completed (generation.completed)" [checked]
        - button "Create webhook"
        - region "Webhooks":
          - heading "No webhooks" [level=2]
    """,
    "/account/data": """
        - region "Export your data":
          - button "Download the export"
        - heading "Delete your account" [level=2]
        - textbox "Your password"
        - button "Delete account"
    """,
}
ACCOUNT_TABS = """
        - heading "Account" [level=1]
        - navigation "Account":
          - link "Profile"
          - link "Password"
          - link "Sign-ins"
          - link "Mails"
          - link "API keys"
          - link "Webhooks"
          - link "Data and deletion"
"""
LISTS = {
    "/websites": """
        - heading "Websites" [level=1]
        - button "Add several"
        - button "Add website"
        - searchbox "Search"
        - combobox "Show"
        - combobox "Sort by"
        - table "Your websites":
          - rowgroup:
            - row "Website Last run Next run Pages Score Action"
          - rowgroup:
            - row /^Handbook/:
              - cell /^Handbook/:
                - link "Handbook"
              - cell /just now|ago/
              - cell "12"
              - cell /^\\d+ of 100, (good|fair|poor)$/
              - cell "Generate the files of Handbook":
                - button "Generate the files of Handbook"
        - status: 1 website shown
    """,
    "/usage": """
        - heading "Usage" [level=1]
        - region "This month":
          - progressbar "Generations used this month"
        - region "All time":
          - term: Websites
          - definition: "1"
        - region "Plans":
          - table "Plans":
            - rowgroup:
              - row "Plan Generations a month Websites Pages Files kept Schedule, at most"
            - rowgroup:
              - row "free 1 1 100 30 days monthly"
              - row "starter 3 2 200 30 days weekly"
    """,
}
RESULT = {
    "llms-txt": """
        - combobox "File"
        - group "View":
          - button "Rendered" [pressed]
          - button "Raw"
        - button "Copy"
        - heading "Page 0" [level=2]
    """,
    "pages": """
        - searchbox "Search pages"
        - combobox "Show"
        - status: 12 pages
        - region "Pages, scrolls":
          - table "Pages":
            - rowgroup:
              - row "Title Section Words Tokens State"
            - rowgroup:
              - row /^Page 0 .* included$/:
                - cell /^Page 0/:
                  - button "Page 0"
    """,
    "score": """
        - paragraph: /The score uses/
        - paragraph:
          - link "Change the settings of this website"
    """,
    "changes": """
        - region "This is the first generation":
          - list
    """,
    "use": """
        - navigation "Where to publish":
          - link "Upload by hand"
          - link "S3 and CloudFront"
          - link "Cloudflare Pages"
          - link "nginx"
          - link "Netlify"
          - link "Vercel"
          - link "WordPress"
          - link "GitHub workflow"
          - link "robots.txt"
        - heading "Upload by hand" [level=2]
        - button "Download the zip"
    """,
    "history": """
        - table "Generations of Handbook":
          - rowgroup:
            - row "Started State Pages Time Size Score Actions"
          - rowgroup:
            - row /by hand Completed 12/:
              - cell:
                - link "Open"
                - button /^Delete the generation of/
    """,
    "settings": """
        - region "Which pages":
          - textbox "Include only"
          - textbox "Exclude"
          - status:
            - paragraph: /12 page addresses kept, 0 excluded/
          - spinbutton "Page limit"
          - spinbutton "Time limit in seconds"
          - checkbox "Render pages with JavaScript"
        - region "Schedule":
          - combobox "Generate automatically"
        - region "Active":
          - checkbox "Active" [checked]
        - region "Address, name and links":
          - textbox "Website address"
          - textbox "Name": Handbook
          - textbox "Description"
          - combobox "Links in llms.txt lead to"
        - button "Save" [disabled]
        - region "Delete this website":
          - button "Delete website"
    """,
}
RESULT_HEADER = """
        - heading "Handbook" [level=1]
        - link /^127/
        - button "Download"
        - button "Generate again"
        - term: Pages
        - definition: "12"
        - navigation "Website":
          - link "llms.txt"
          - link "Pages"
          - link "Score"
          - link "Changes"
          - link "Use it"
          - link "History"
          - link "Settings"
"""


def matches(page: Page, structure: str) -> None:
    expect(page.get_by_role("main")).to_match_aria_snapshot(structure)


def test_screens_without_a_sign_in(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open()
    for path, structure in SIGNED_OUT.items():
        page.goto("about:blank")  # a change of the fragment alone loads nothing
        page.goto(visitor.origin + path)
        matches(page, structure)
    expect(page.locator("body")).to_match_aria_snapshot("""
        - link "Skip to content"
        - banner:
          - link "LLMReady"
          - navigation "Main"
          - link "Sign in"
        - main
        - status "Messages"
        - contentinfo
    """)


def test_screens_of_a_signed_in_person(system: System, visit: Visit, handbook: Site) -> None:
    person, website, _ = finished_website(system, handbook)
    visitor = visit()
    page = visitor.sign_in(person)
    for path, structure in LISTS.items():
        page.goto(visitor.origin + path)
        matches(page, structure)
    for path, structure in ACCOUNT.items():
        page.goto(visitor.origin + path)
        matches(page, ACCOUNT_TABS + structure.lstrip("\n"))
    for tab, structure in RESULT.items():
        page.goto(f"{visitor.origin}/websites/{website}/{tab}")
        matches(page, RESULT_HEADER + structure.lstrip("\n"))
    expect(page.get_by_role("banner")).to_match_aria_snapshot("""
        - link "LLMReady"
        - navigation "Main":
          - link "Websites"
          - link "Usage"
        - link /\\d+ of 25 left/
        - group: /@example.org/
    """)


def test_progress_and_its_end_are_announced_on_every_screen(
    system: System, visit: Visit, unfinished_handbook: Site
) -> None:
    person = system.user("pro")
    website = person.website(unfinished_handbook.url, name="Handbook", max_pages=10)
    generation = person.start(website)
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}")
    # Screen readers announce each phase, but not each page, because that would be too much.
    matches(page, """
        - status: /Waiting to start|Reading robots.txt and the sitemap|Fetching pages|Packing the files/
        - region /./:
          - heading /./ [level=2]
          - button "Cancel"
          - progressbar "Pages done"
          - list "Phases"
    """)  # fmt: skip
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"\d+ of \d+ pages"), timeout=60_000)
    elsewhere = visitor.open("/websites")
    expect(elsewhere.get_by_role("link", name="Watch the generation of Handbook")).to_be_visible()
    person.finished(generation)
    announced = page.get_by_role("status").filter(has_text="The files are ready: 10")
    expect(announced).to_have_count(1)
    message = elsewhere.get_by_role("status", name="Messages")
    expect(message).to_contain_text("The files of Handbook are ready.")
    message.get_by_role("link", name="Open").click()
    expect(elsewhere.get_by_role("heading", name="Handbook")).to_be_visible()
    expect(message).to_be_empty()
