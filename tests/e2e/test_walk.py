"""The main path of a user, from sign-up to download."""

import email.policy
import io
import json
import re
import zipfile
from hashlib import sha256

import httpx
import pytest
from llms_txt import parse_llms_file

from testkit.sites import Site
from testkit.system import Person, System, wait_for

pytestmark = pytest.mark.e2e


def test_a_website_becomes_files(system: System, person: Person, small_site: Site) -> None:
    system.confirm(person)
    website = person.website(small_site.url, name="Small site")
    answer = person.http.post("/generations/start", json={"website_id": website})
    assert answer.status_code == 202
    started = answer.json()
    assert started["status"] == "pending"
    assert started["message"] == (
        "Generation started successfully. You will receive an email when it completes."
    )
    generation = started["generation_id"]
    assert answer.headers["Location"] == f"/api/v1/generations/{generation}"
    assert int(answer.headers["Retry-After"]) >= 1

    done = person.finished(generation)
    assert done["status"] == "completed", done
    assert done["pages_crawled"] == done["total_pages"] == 12
    assert done["progress_percentage"] == 100
    assert done["can_download"]
    assert done["error_code"] is None
    assert done["duration_seconds"] > 0
    assert done["created_at"] < done["started_at"] < done["completed_at"] < done["expires_at"]
    assert done["created_at"].endswith("Z")
    assert done["recommendation"]["type"] == "minimal"

    redirect = person.http.get(f"/generations/{generation}/download")
    assert redirect.status_code == 302
    assert redirect.headers["Cache-Control"] == "no-store"
    file = httpx.get(redirect.headers["Location"])
    assert file.status_code == 200
    assert f'filename="llmready_Small-site_{generation}.zip"' in file.headers["Content-Disposition"]
    assert len(file.content) == done["file_size"]
    assert sha256(file.content).hexdigest() == done["sha256"]
    where = person.http.get(f"/generations/{generation}/download", params={"redirect": "false"}).json()
    assert httpx.get(where["download_url"]).content == file.content
    assert (where["file_size"], where["sha256"]) == (done["file_size"], done["sha256"])

    archive = zipfile.ZipFile(io.BytesIO(file.content))
    assert archive.testzip() is None
    names = set(archive.namelist())
    assert {"llms.txt", "llms-full.txt", "manifest.json"} < names
    assert len(names) == done["total_files"]
    index = parse_llms_file(archive.read("llms.txt").decode())
    links = [link for section in index.sections.values() for link in section]
    assert {link.url for link in links} == {
        small_site.url,
        *(f"{small_site.url}p/{n}" for n in range(1, 12)),
    }
    assert all(link.desc for link in links)
    manifest = json.loads(archive.read("manifest.json"))
    assert len(manifest["pages"]) == 12
    assert done["quality"] == manifest["quality"]
    assert (
        done["quality"]["score"] == 100 - sum(reason["points"] for reason in done["quality"]["reasons"]) > 50
    )
    assert {entry["path"] for entry in manifest["pages"]} == {n for n in names if n.startswith("md/")}
    full = archive.read("llms-full.txt").decode()
    assert all(f"This is what page {n} says." in full for n in range(12))

    history = person.http.get("/generations/history").json()
    assert history["total"] == 1
    assert history["items"][0]["id"] == generation
    assert history["items"][0]["website_name"] == "Small site"
    for path in ("/websites", "/generations/history"):
        beyond = person.http.get(path, params={"page": 2})
        assert (beyond.status_code, beyond.json()["items"], beyond.json()["total"]) == (200, [], 1)
    quota = person.quota()
    assert (quota["generations_used"], quota["remaining_generations"]) == (1, 0)
    assert not quota["can_generate"]
    again = person.http.post("/generations/start", json={"website_id": website})
    assert (again.status_code, again.json()["code"]) == (403, "quota_exceeded")

    assert system.mail_to(person.email, "127.0.0.1: your files are ready")

    stats = person.http.get(f"/websites/{website}/stats").json()
    assert (stats["successful_generations"], stats["success_rate"]) == (1, 100.0)
    assert stats["last_generation_at"] == done["completed_at"]

    assert person.http.delete(f"/generations/{generation}").status_code == 200
    assert httpx.get(where["download_url"]).status_code == 404
    assert person.http.get(f"/generations/{generation}").status_code == 404
    assert person.http.get("/generations/history").json()["total"] == 0
    assert person.quota()["generations_used"] == 1


def test_the_link_in_the_mail_downloads(system: System, person: Person, small_site: Site) -> None:
    generation = system.confirm(person).start(person.website(small_site.url))
    person.finished(generation)
    raw = system.mail_to(person.email, "your files are ready")
    mail = email.message_from_string(raw, policy=email.policy.default)
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    text, html = plain.get_content(), rich.get_content()
    (link,) = re.findall(r"http\S+/download\?token=\S+", text)
    # The button opens the web app, which explains an expired link; programs use the link of the text.
    assert f"/download/{generation}#token={link.partition('?token=')[2]}" in html
    file = httpx.get(link, follow_redirects=True)
    assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
    other = link.replace(generation, "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f")
    assert httpx.get(other).status_code == 401
    bare = link.split("?")[0].removesuffix("/download") + "?" + link.split("?")[1]
    assert httpx.get(bare).status_code == 401


def test_progress_moves_while_it_runs(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    generation = person.start(person.website(slow_site.url))
    seen: list[dict[str, int]] = []

    def ended() -> bool:
        found = person.generation(generation)
        seen.append({name: found[name] for name in ("pages_crawled", "total_pages", "progress_percentage")})
        return found["status"] not in ("pending", "processing")

    wait_for(ended, within=60, every=0.5)
    assert seen[-1]["pages_crawled"] == 60
    for name in ("pages_crawled", "total_pages"):
        values = [entry[name] for entry in seen]
        assert values == sorted(values)
    assert len({entry["pages_crawled"] for entry in seen}) >= 4, seen


def test_one_generation_runs_for_a_website(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    website = person.website(slow_site.url, max_pages=20)
    generation = person.start(website)
    second = person.http.post("/generations/", json={"website_id": website})
    assert (second.status_code, second.json()["code"]) == (409, "generation_in_progress")
    assert second.json()["generation_id"] == generation
    assert person.http.delete(f"/generations/{generation}").status_code == 409
    assert person.http.delete(f"/websites/{website}").status_code == 409
    assert person.http.get(f"/generations/{generation}/download").status_code == 409
    assert person.finished(generation)["status"] == "completed"
    assert person.quota()["generations_used"] == 1
    assert person.http.delete(f"/websites/{website}").status_code == 200
    assert person.http.get("/generations/history").json()["total"] == 0
