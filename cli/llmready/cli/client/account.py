"""``llmready register``, ``login``, ``whoami`` and the other commands of the account."""

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import json_text, plain, print_fields, print_json, print_table, say
from llmready.cli.client.session import Session
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed, not_written

_ON_OFF = ("on", "off")


def add_commands(add: Add) -> None:
    """Add the commands of the account."""
    _add_sign_in_commands(add)
    _add_password_commands(add)
    client_command(add, "whoami", _whoami, "Show your account and its plan.")
    rename = client_command(add, "rename", _rename, "Change your name.")
    rename.add_argument("name", metavar="NAME", help='the new name; "" removes it')
    client_command(add, "plans", _plans, "List the plans and their limits.")
    mails = client_command(add, "mails", _mails, "Show or change which emails you get.")
    mails.add_argument("--generations", choices=_ON_OFF, help="emails when a generation completes or fails")
    mails.add_argument("--quota", choices=_ON_OFF, help="emails when the monthly quota resets")
    export = client_command(add, "export", _export, "Export all data that is stored about you, as JSON.")
    export.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="file to write (default: standard output)"
    )
    delete = client_command(add, "delete-account", _delete_account, "Delete your account with all its data.")
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    _add_password_option(delete)


def _add_sign_in_commands(add: Add) -> None:
    register = client_command(add, "register", _register, "Sign up and sign in.")
    _add_email(register)
    register.add_argument("--name", metavar="NAME", help="your name")
    login = client_command(add, "login", _login, "Sign in. The login expires 30 days after its last use.")
    _add_email(login)
    client_command(add, "logout", _logout, "Sign out and delete the stored login.")
    confirm = client_command(add, "confirm", _confirm, "Confirm your address with the token of the email.")
    confirm.add_argument("token", metavar="TOKEN", help="the text after #token= in the email's link")
    resend = client_command(add, "resend", _resend, "Send the confirmation email again.")
    resend.add_argument("email", metavar="EMAIL", help="the address to confirm")


def _add_password_commands(add: Add) -> None:
    forgot = client_command(
        add, "forgot-password", _forgot_password, "Request an email to reset your password."
    )
    forgot.add_argument("email", metavar="EMAIL", help="the address of the account")
    reset = client_command(
        add, "reset-password", _reset_password, "Set a new password with the email's token."
    )
    reset.add_argument("token", metavar="TOKEN", help="the text after #token= in the email's link")
    _add_password_option(reset)
    change = client_command(add, "change-password", _change_password, "Change your password.")
    change.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the current and the new password from two lines of standard input",
    )


def _register(session: Session, options: argparse.Namespace) -> int:
    session.check_reachable()
    email, password = _email(options), _password(options, "Choose a password: ")
    body = {"email": email, "password": password, **({"full_name": options.name} if options.name else {})}
    said = session.open_call("POST", "/auth/register", json=body)
    say(said["message"])
    return _signed_in(session, email, password, as_json=options.json)


def _login(session: Session, options: argparse.Namespace) -> int:
    session.check_reachable()
    return _signed_in(session, _email(options), _password(options, "Password: "), as_json=options.json)


def _logout(session: Session, options: argparse.Namespace) -> int:
    session.sign_out()
    if options.json:
        print_json({"signed_in": False})
    else:
        print(f"Signed out of {session.api}.")
    return ExitCode.DONE


def _confirm(session: Session, options: argparse.Namespace) -> int:
    return _tell(options, session.open_call("POST", "/auth/verify-email", json={"token": options.token}))


def _resend(session: Session, options: argparse.Namespace) -> int:
    return _tell(
        options, session.open_call("POST", "/auth/resend-verification", json={"email": options.email})
    )


def _forgot_password(session: Session, options: argparse.Namespace) -> int:
    return _tell(options, session.open_call("POST", "/auth/forgot-password", json={"email": options.email}))


def _reset_password(session: Session, options: argparse.Namespace) -> int:
    session.check_reachable()
    body = {"token": options.token, "new_password": _password(options, "New password: ")}
    return _tell(options, session.open_call("POST", "/auth/reset-password", json=body))


def _change_password(session: Session, options: argparse.Namespace) -> int:
    session.check_reachable()
    body = {
        "current_password": _password(options, "Current password: "),
        "new_password": _password(options, "New password: "),
    }
    return _tell(options, session.call("POST", "/auth/change-password", json=body))


def _whoami(session: Session, options: argparse.Namespace) -> int:
    profile = session.call("GET", "/auth/me")
    if options.json:
        print_json(profile)
        return ExitCode.DONE
    plan = profile["plan"]
    print_fields(
        {
            "email": profile["email"] + ("" if profile["is_verified"] else " (not confirmed)"),
            "name": profile["full_name"],
            "server": session.api,
            "plan": plan["name"],
            "generations": f"{plan['generations_per_month']} a month",
            "websites": plan["websites"],
            "pages": f"{plan['pages_per_generation']} a generation",
            "files kept": f"{plan['files_kept_days']} days",
        }
    )
    return ExitCode.DONE


def _rename(session: Session, options: argparse.Namespace) -> int:
    profile = session.call("PATCH", "/auth/me", json={"full_name": options.name or None})
    if options.json:
        print_json(profile)
    else:
        print(
            f"Your name is {plain(profile['full_name'])}."
            if profile["full_name"]
            else "Your name was removed."
        )
    return ExitCode.DONE


def _plans(session: Session, options: argparse.Namespace) -> int:
    plans = session.open_call("GET", "/plans")["items"]
    if options.json:
        print_json(plans)
        return ExitCode.DONE
    columns = {
        "plan": "name",
        "#generations a month": "generations_per_month",
        "#at once": "concurrent_generations",
        "#websites": "websites",
        "#pages": "pages_per_generation",
        "#days kept": "files_kept_days",
        "schedule": "schedule",
    }
    print_table(tuple(columns), [[plan.get(field) for field in columns.values()] for plan in plans])
    return ExitCode.DONE


def _mails(session: Session, options: argparse.Namespace) -> int:
    chosen = {"generations": options.generations, "quota_reset": options.quota}
    changes = {name: value == "on" for name, value in chosen.items() if value is not None}
    if changes:
        profile = session.call("PATCH", "/auth/me", json={"mail_preferences": changes})
    else:
        profile = session.call("GET", "/auth/me")
    preferences = profile["mail_preferences"]
    if options.json:
        print_json(preferences)
    else:
        print_fields(
            {
                "a generation completes or fails": "on" if preferences["generations"] else "off",
                "the monthly quota resets": "on" if preferences["quota_reset"] else "off",
            }
        )
    return ExitCode.DONE


def _export(session: Session, options: argparse.Namespace) -> int:
    """Write the whole export. The parts of a very large account are joined."""
    whole: dict[str, Any] = {}
    cursor: str | None = None
    while True:
        part = session.call("GET", "/auth/me/export", params={"cursor": cursor} if cursor else None)
        for name, value in part.items():
            joined = whole.get(name)
            whole[name] = (
                [*joined, *value] if isinstance(joined, list) else (value if joined is None else joined)
            )
        cursor = part.get("next_cursor")
        if not cursor:
            break
    whole.pop("next_cursor", None)
    if options.out is None:
        print_json(whole)
        return ExitCode.DONE
    try:
        options.out.write_text(json_text(whole) + "\n", encoding="utf-8")
    except OSError as error:
        raise not_written(str(options.out), error) from None
    say(f"Your data is in {options.out}.")
    return ExitCode.DONE


def _delete_account(session: Session, options: argparse.Namespace) -> int:
    profile = session.call("GET", "/auth/me")
    if not options.yes:
        if not sys.stdin.isatty() or options.password_stdin:
            raise CommandFailed("there is no terminal to ask for confirmation; use --yes", ExitCode.USAGE)
        typed = input(
            f"This deletes all websites and files of {plain(profile['email'])}. Type the address to continue: "
        )
        if typed.strip().casefold() != profile["email"].casefold():
            raise CommandFailed("nothing was deleted")
    password = _password(options, "Password: ")
    answer = session.call("DELETE", "/auth/me", json={"password": password})
    session.forget()
    return _tell(options, answer)


def _tell(options: argparse.Namespace, answer: dict[str, Any]) -> int:
    if options.json:
        print_json(answer)
    else:
        print(plain(answer["message"]))
    return ExitCode.DONE


def _signed_in(session: Session, email: str, password: str, *, as_json: bool) -> int:
    session.sign_in(email, password)
    if as_json:
        print_json({"api": session.api, "email": email, "signed_in": True})
    else:
        print(f"Signed in at {session.api} as {email}.")
    return ExitCode.DONE


def _add_email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", nargs="?", metavar="EMAIL", help="your address (default: ask)")
    _add_password_option(parser)


def _add_password_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input, for scripts"
    )


def _email(options: argparse.Namespace) -> str:
    if options.email:
        return str(options.email)
    if options.password_stdin or not sys.stdin.isatty():
        raise CommandFailed("add the EMAIL of the account", ExitCode.USAGE)
    return input("Email: ").strip()


def _password(options: argparse.Namespace, prompt: str, ask: Callable[[str], str] = getpass.getpass) -> str:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailed(
            "there is no terminal to ask for the password; use --password-stdin", ExitCode.USAGE
        )
    return ask(prompt)
