"""``llmready sites``: the websites of a person."""

import argparse
import sys
from pathlib import Path
from typing import Any

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import coloured, day, plain, print_fields, print_json, print_table, say
from llmready.cli.client.session import Session
from llmready.cli.client.site_names import all_sites, find_site
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.crawler.list_option import ListOption

_AT_ONCE = 50  # most items of one bulk request


def add_commands(add: Add) -> None:
    """Add ``llmready sites`` with its commands."""
    sites = add("sites", help="add, list, change and delete websites", description="Your websites.")
    commands = sites.add_subparsers(required=True, metavar="COMMAND")
    show_all = client_command(commands.add_parser, "list", _list, "List your websites, newest first.")
    which = show_all.add_mutually_exclusive_group()
    which.add_argument(
        "--active", action="store_const", const=True, dest="is_active", help="only active ones"
    )
    which.add_argument(
        "--inactive", action="store_const", const=False, dest="is_active", help="only inactive ones"
    )
    new = client_command(commands.add_parser, "add", _add, "Add one or many websites.")
    new.add_argument("urls", nargs="*", metavar="URL", help="such as example.com/docs")
    new.add_argument(
        "--from", dest="file", metavar="FILE", help="file with one URL per line; - for standard input"
    )
    _add_fields(new)
    show = client_command(commands.add_parser, "show", _show, "Show a website and its statistics.")
    show.add_argument("site", metavar="SITE", help="address, name, ID or first characters of the ID")
    edit = client_command(commands.add_parser, "edit", _edit, "Change websites.")
    edit.add_argument(
        "sites", nargs="+", metavar="SITE", help="address, name, ID or first characters of the ID"
    )
    edit.add_argument("--url", metavar="URL", help="a new address")
    _add_fields(edit)
    remove = client_command(
        commands.add_parser, "delete", _delete, "Delete websites with their generations and files."
    )
    remove.add_argument(
        "sites", nargs="+", metavar="SITE", help="address, name, ID or first characters of the ID"
    )
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    preview = client_command(
        commands.add_parser,
        "preview",
        _preview,
        "Show which known pages the patterns select; starts no generation.",
    )
    preview.add_argument("site", metavar="SITE", help="address, name, ID or first characters of the ID")
    preview.add_argument(
        "--include",
        action=ListOption,
        metavar="P,P",
        help="include only these pages (default: the stored patterns)",
    )
    preview.add_argument(
        "--exclude",
        action=ListOption,
        metavar="P,P",
        help="exclude these pages (default: the stored patterns)",
    )
    client_command(commands.add_parser, "stats", _stats, "Show statistics of all websites.")


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="NAME", help="name of the website, shown in lists and mails")
    parser.add_argument("--description", metavar="TEXT", help="a note for yourself")
    parser.add_argument(
        "--include", action=ListOption, metavar="P,P", help="include only these pages: path globs or words"
    )
    parser.add_argument(
        "--exclude", action=ListOption, metavar="P,P", help="exclude these pages: path globs or words"
    )
    parser.add_argument(
        "--languages",
        action=ListOption,
        metavar="L,L",
        help="languages with sections, the main one first, such as fr,en (others are listed in Optional)",
    )
    parser.add_argument("--max-pages", type=int, metavar="N", help="maximum number of pages")
    parser.add_argument("--timeout", type=int, metavar="S", help="maximum duration of the crawl in seconds")
    parser.add_argument(
        "--use-playwright", action=argparse.BooleanOptionalAction, help="render pages in a browser"
    )
    parser.add_argument(
        "--link-target",
        choices=("page", "markdown"),
        help="targets of the links in llms.txt: the pages, or the Markdown files on your site",
    )
    parser.add_argument(
        "--active", action=argparse.BooleanOptionalAction, dest="is_active", help="allow generations"
    )
    parser.add_argument(
        "--schedule",
        choices=("off", "daily", "weekly", "monthly"),
        help="how often the website is generated automatically",
    )


def _list(session: Session, options: argparse.Namespace) -> int:
    filters = {} if options.is_active is None else {"is_active": str(options.is_active).lower()}
    sites = list(all_sites(session, **filters))
    if options.json:
        print_json(sites)
    elif not sites:
        say("You have no websites yet. Add one with `llmready sites add URL`.")
    else:
        print_table(
            ("website", "active", "#pages", "#generations", "last", "next run"),
            [
                (
                    [site["name"], site["url"]],
                    site["is_active"],
                    "plan" if site["max_pages"] is None else site["max_pages"],
                    site["generation_count"],
                    day(site["last_generated_at"]),
                    day(site["next_run_at"]),
                )
                for site in sites
            ],
            fixed=("active", "#pages", "#generations", "last", "next run"),
        )
    return ExitCode.DONE


def _add(session: Session, options: argparse.Namespace) -> int:
    urls = [*options.urls, *(_urls_of(options.file) if options.file else [])]
    if not urls:
        raise CommandFailed("add a URL, or a file with URLs (--from FILE)", ExitCode.USAGE)
    fields = _fields(options)
    if len(urls) == 1:
        site = session.call("POST", "/websites", json={"url": urls[0], **fields})
        if options.json:
            print_json(site)
        else:
            print(f"Added {site['name']} ({site['url']}).")
        return ExitCode.DONE
    return _in_bulk(session, "create", [{"url": url, **fields} for url in urls], urls, as_json=options.json)


def _show(session: Session, options: argparse.Namespace) -> int:
    site = find_site(session, options.site)
    stats = session.call("GET", f"/websites/{site['id']}/stats")
    if options.json:
        print_json({**site, "stats": stats})
        return ExitCode.DONE
    print_fields(
        {
            "name": site["name"],
            "address": site["url"],
            "id": site["id"],
            "description": site["description"],
            "only": ", ".join(site["include_patterns"]) or None,
            "not": ", ".join(site["exclude_patterns"]) or None,
            "languages": ", ".join(site["languages"]) or None,
            "pages": "as many as the plan allows"
            if site["max_pages"] is None
            else f"at most {site['max_pages']}",
            "timeout": f"{site['timeout']} s",
            "browser": site["use_playwright"],
            "links lead to": site["link_target"],
            "active": site["is_active"],
            "schedule": site["schedule"],
            "next run": day(site["next_run_at"]),
            "generations": f"{stats['successful_generations']} completed, {stats['failed_generations']} failed",
            "last": day(stats["last_generation_at"]),
            "since": day(site["created_at"]),
        }
    )
    return ExitCode.DONE


def _edit(session: Session, options: argparse.Namespace) -> int:
    changes = _fields(options) | ({"url": options.url} if options.url is not None else {})
    if not changes:
        raise CommandFailed("nothing to change: add an option, such as --max-pages 50", ExitCode.USAGE)
    if len(options.sites) == 1:
        site = session.call("PATCH", f"/websites/{find_site(session, options.sites[0])['id']}", json=changes)
        if options.json:
            print_json(site)
        else:
            print(f"Changed {site['name']} ({site['url']}).")
        return ExitCode.DONE
    items = [{"id": find_site(session, text)["id"], **changes} for text in options.sites]
    return _in_bulk(session, "update", items, options.sites, as_json=options.json)


def _delete(session: Session, options: argparse.Namespace) -> int:
    sites = [find_site(session, text) for text in options.sites]
    if not options.yes:
        _be_sure(", ".join(plain(site["name"]) for site in sites))
    if len(sites) == 1:
        answer = session.call("DELETE", f"/websites/{sites[0]['id']}")
        if options.json:
            print_json(answer)
        else:
            print(answer["message"])
        return ExitCode.DONE
    return _in_bulk(session, "delete", [site["id"] for site in sites], options.sites, as_json=options.json)


def _preview(session: Session, options: argparse.Namespace) -> int:
    patterns = {"include_patterns": options.include, "exclude_patterns": options.exclude}
    given = {name: value for name, value in patterns.items() if value is not None}
    found = session.call("POST", f"/websites/{find_site(session, options.site)['id']}/preview", json=given)
    if options.json:
        print_json(found)
        return ExitCode.DONE
    print(f"{found['kept']} of {found['kept'] + found['excluded']} known pages are included.")
    for sign, colour, urls in (
        ("+", "green", found["examples_kept"]),
        ("-", "red", found["examples_excluded"]),
    ):
        for url in urls:
            print(coloured(f"{sign} {plain(url)}", colour))
    return ExitCode.DONE


def _stats(session: Session, options: argparse.Namespace) -> int:
    stats = session.call("GET", "/websites/stats/user")
    if options.json:
        print_json(stats)
    else:
        print_fields(
            {
                "websites": f"{stats['total_websites']}, {stats['active_websites']} of them active",
                "generations": stats["total_generations"],
                "completed": stats["successful_generations"],
                "failed": stats["failed_generations"],
                "success": f"{stats['success_rate']} %",
                "this month": stats["generations_this_month"],
                "remaining": stats["generations_remaining"],
            }
        )
    return ExitCode.DONE


def _in_bulk(session: Session, verb: str, items: list[Any], names: list[str], *, as_json: bool) -> int:
    """Send bulk requests and name each refused item with its reason."""
    results: list[dict[str, Any]] = []
    for start in range(0, len(items), _AT_ONCE):
        answer = session.call("POST", "/websites/bulk", json={verb: items[start : start + _AT_ONCE]})
        results += [{**result, "index": start + result["index"]} for result in answer["results"]]
    refused = [result for result in results if result["error"] is not None]
    if as_json:
        print_json({"results": results, "succeeded": len(results) - len(refused), "failed": len(refused)})
    else:
        done = {"create": "Added", "update": "Changed", "delete": "Deleted"}[verb]
        print(f"{done} {len(results) - len(refused)} of {len(results)} websites.")
        for result in refused:
            say(f"{plain(names[result['index']])}: {plain(result['error']['detail'])}")
    return ExitCode.REFUSED if refused else ExitCode.DONE


def _urls_of(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{plain(file)} cannot be read: {error}", ExitCode.USAGE) from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    given = {
        "name": options.name,
        "description": options.description,
        "include_patterns": options.include,
        "exclude_patterns": options.exclude,
        "languages": options.languages,
        "max_pages": options.max_pages,
        "timeout": options.timeout,
        "use_playwright": options.use_playwright,
        "link_target": options.link_target,
        "is_active": options.is_active,
        "schedule": options.schedule,
    }
    return {name: value for name, value in given.items() if value is not None}


def _be_sure(what: str) -> None:
    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for confirmation; use --yes", ExitCode.USAGE)
    if input(f"Delete {what} with all generations and files? [y/N] ").strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was deleted")
