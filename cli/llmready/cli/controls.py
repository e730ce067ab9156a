"""The subcommands of `llmready admin` for the controls: pause the service, and block hosts from being crawled."""

import argparse
import json
from collections.abc import Callable
from typing import Protocol

from llmready.cli import deployment, records
from llmready.cli.deployment import Deployment
from llmready.domain.audit import AuditRecord
from llmready.domain.clock import now
from llmready.domain.controls import Controls


class AddCommand(Protocol):
    """Adds a subcommand of ``llmready admin`` and returns its parser."""

    def __call__(
        self, name: str, run: Callable[[argparse.Namespace], int], text: str, /
    ) -> argparse.ArgumentParser:
        """Add the subcommand. ``run`` executes it; ``text`` is its help text."""


def add_commands(command: AddCommand) -> None:
    """Add ``pause``, ``block-host``, ``unblock-host`` and ``controls``; ``resume`` also resumes accounts."""
    command(
        "pause", _pause(paused=True), "Refuse new generations (503 paused). Running generations continue."
    )
    block = command(
        "block-host",
        _block(blocked=True),
        "Block a host and its subdomains. Running crawls of the host stop.",
    )
    block.add_argument("host", metavar="HOST")
    unblock = command("unblock-host", _block(blocked=False), "Allow crawls of a host again.")
    unblock.add_argument("host", metavar="HOST")
    command("controls", _show, "Show whether the service is paused and which hosts are blocked.")


def resume_starts(options: argparse.Namespace) -> int:
    """Let generations start again."""
    return _pause(paused=False)(options)


def _pause(*, paused: bool) -> Callable[[argparse.Namespace], int]:
    return _changing(
        "starts_paused" if paused else "starts_resumed",
        lambda controls, _: controls.with_pause(paused=paused),
    )


def _block(*, blocked: bool) -> Callable[[argparse.Namespace], int]:
    return _changing(
        "host_blocked" if blocked else "host_unblocked",
        lambda controls, options: controls.with_host(options.host, blocked=blocked),
    )


def _changing(
    event: str,
    change: Callable[[Controls, argparse.Namespace], Controls],
) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        service = deployment.find(options)
        record = AuditRecord(
            event=event, at=now(), by=service.operator(), after=getattr(options, "host", None)
        )
        controls = service.controls.change(lambda controls: change(controls, options), record)
        _print(service, controls, as_json=options.json)
        return 0

    return run


def _show(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    _print(service, service.controls.get(), as_json=options.json)
    return 0


def _print(service: Deployment, controls: Controls, *, as_json: bool) -> None:
    told = records.newest(service.controls.audit())
    if as_json:
        audit = [record.model_dump(mode="json") for record in told]
        print(json.dumps({**controls.model_dump(mode="json"), "audit": audit}, indent=2))
        return
    print("Paused: nothing starts." if controls.paused else "Not paused.")
    hosts = ", ".join(controls.blocked_hosts)
    print(f"Blocked hosts: {hosts}" if hosts else "No host is blocked.")
    records.print_records(told)
