"""Hostile Markdown runs no code and loads nothing when it is shown; its text is visible."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from testkit.sites import Site
from testkit.system import System
from tests.web.attacks import attacks
from tests.web.conftest import Visitor

pytestmark = pytest.mark.e2e


def test_the_corpus_has_at_least_500_attacks() -> None:
    assert len(set(attacks())) >= 500


def test_no_attack_runs_in_any_file_that_is_shown(
    system: System, visit: Callable[..., Visitor], hostile_site: Site
) -> None:
    person = system.user("pro")
    website = person.website(hostile_site.url, name="<img src=x onerror=alert(1)>")
    run = person.finished(person.start(website))
    assert run["status"] == "completed", run
    files = [item["path"] for item in person.http.get(f"/generations/{run['id']}/files").json()["items"]]
    pages = [path for path in files if path.startswith("md/")]
    assert len(pages) > 40
    visitor = visit()
    page = visitor.sign_in(person, f"/websites/{website}")
    for path in ("llms.txt", "llms-full.txt"):
        for view in ("", "&view=raw"):
            page.goto(f"{visitor.origin}/websites/{website}/llms-txt?file={path}{view}")
            expect(page.locator(".prose, .card-body pre").first).to_be_visible()
    for path in pages:
        page.goto(f"{visitor.origin}/websites/{website}/pages?page={path}")
        expect(page.locator("dialog .prose, dialog pre").first).to_be_visible()
        links = page.locator("dialog .prose a")
        for address in links.evaluate_all("all => all.map(one => one.protocol)"):
            assert address in {"http:", "https:", "mailto:"}
    page.goto(f"{visitor.origin}/websites/{website}/pages?page=md/ordinary.md")
    expect(page.locator("dialog .prose").get_by_role("cell", name="two")).to_be_visible()
    page.goto(f"{visitor.origin}/websites/{website}/pages?page=md/cells.md")
    table = page.locator("dialog .prose table")
    expect(table.get_by_role("listitem")).to_have_text(["cheap", "fresh"])
    expect(table).not_to_contain_text("<")
    # A path in the address bar leads to no other route of the API.
    page.goto(f"{visitor.origin}/websites/{website}/llms-txt?file=../../../auth/me")
    expect(page.get_by_role("alert")).to_contain_text("The archive has no file with this path.")
    visitor.watched.assert_clean()
