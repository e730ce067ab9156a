"""``llmready register | login | logout | whoami | mails``: the own account."""

import argparse
import getpass
import sys

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import print_fields, print_json, say
from llmready.cli.client.session import Session
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed

_ON_OFF = ("on", "off")


def add_commands(add: Add) -> None:
    """Add the commands of the own account."""
    register = client_command(add, "register", _register, "Sign up, and sign in.")
    _add_email(register)
    register.add_argument("--name", metavar="NAME", help="your name")
    login = client_command(add, "login", _login, "Sign in; the login is remembered for 30 days of use.")
    _add_email(login)
    client_command(add, "logout", _logout, "Sign out and forget the login.")
    client_command(add, "whoami", _whoami, "Show the own account with its plan.")
    mails = client_command(add, "mails", _mails, "Show or choose which mails you get.")
    mails.add_argument("--generations", choices=_ON_OFF, help="when a generation has ended")
    mails.add_argument("--quota", choices=_ON_OFF, help="when the month's generations are back")


def _register(session: Session, options: argparse.Namespace) -> int:
    email, password = _email(options), _password(options, "Choose a password: ")
    body = {"email": email, "password": password, **({"full_name": options.name} if options.name else {})}
    said = session.open_call("POST", "/auth/register", json=body)
    say(said["message"])
    return _signed_in(session, email, password, as_json=options.json)


def _login(session: Session, options: argparse.Namespace) -> int:
    return _signed_in(session, _email(options), _password(options, "Password: "), as_json=options.json)


def _logout(session: Session, options: argparse.Namespace) -> int:
    session.sign_out()
    if options.json:
        print_json({"signed_in": False})
    else:
        print(f"Signed out of {session.api}.")
    return ExitCode.DONE


def _whoami(session: Session, options: argparse.Namespace) -> int:
    profile = session.call("GET", "/auth/me")
    if options.json:
        print_json(profile)
        return ExitCode.DONE
    plan = profile["plan"]
    print_fields(
        {
            "email": profile["email"] + ("" if profile["is_verified"] else " (not confirmed yet)"),
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
                "a generation has ended": "on" if preferences["generations"] else "off",
                "the month's generations are back": "on" if preferences["quota_reset"] else "off",
            }
        )
    return ExitCode.DONE


def _signed_in(session: Session, email: str, password: str, *, as_json: bool) -> int:
    session.sign_in(email, password)
    if as_json:
        print_json({"api": session.api, "email": email, "signed_in": True})
    else:
        print(f"Signed in at {session.api} as {email}.")
    return ExitCode.DONE


def _add_email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", nargs="?", metavar="EMAIL", help="asked for when left out")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input, for scripts"
    )


def _email(options: argparse.Namespace) -> str:
    if options.email:
        return str(options.email)
    if options.password_stdin or not sys.stdin.isatty():
        raise CommandFailed("name the EMAIL to sign in with", ExitCode.USAGE)
    return input("Email: ").strip()


def _password(options: argparse.Namespace, prompt: str) -> str:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailed(
            "there is no terminal to ask for the password; use --password-stdin", ExitCode.USAGE
        )
    return getpass.getpass(prompt)
