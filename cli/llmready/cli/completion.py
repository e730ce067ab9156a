"""``llmready completion``: shell completion."""

import argparse
import shlex
from collections.abc import Callable, Iterator

from llmready.cli.client.commands import Add
from llmready.cli.exit_codes import ExitCode

_SHELLS = ("bash", "zsh", "tcsh", "fish")


def add_command(add: Add, whole: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the command.

    Args:
        add: Adds a command to the parser.
        whole: Returns the parser of ``llmready``.
    """
    text = "Print a completion script for a shell."
    parser = add("completion", help=text, description=text)
    parser.add_argument("shell", choices=_SHELLS)

    def run(options: argparse.Namespace) -> int:
        if options.shell == "fish":
            print("\n".join(_fish(whole())))
            return ExitCode.DONE
        import shtab  # noqa: PLC0415 - takes a tenth of a second to import, which no other command needs

        print(shtab.complete(whole(), shell=options.shell))
        return ExitCode.DONE

    parser.set_defaults(run=run)


def _fish(parser: argparse.ArgumentParser) -> list[str]:
    """Return a completion script for fish, which shtab cannot write."""
    lines = ["complete -c llmready -f"]
    for path, help_text, command in _commands(parser):
        lines += _fish_command(path, help_text, command)
    return lines


def _commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = (), help_text: str = ""
) -> Iterator[tuple[tuple[str, ...], str, argparse.ArgumentParser]]:
    yield path, help_text, parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of a parser's arguments
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                yield from _commands(command, (*path, name), texts.get(name, ""))


def _fish_command(path: tuple[str, ...], help_text: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield lines that complete the name of a command and its options."""
    seen = [f"__fish_seen_subcommand_from {name}" for name in path]
    if path:
        before = seen[:-1] or ["__fish_use_subcommand"]
        last = [f"not __fish_seen_subcommand_from {path[-1]}"]
        yield _fish_line("; and ".join([*before, *last]), f"-a {shlex.quote(path[-1])}", help_text)
    for action in parser._actions:  # noqa: SLF001
        flags = [
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in action.option_strings
        ]
        if flags:
            choices = f" -xa {shlex.quote(' '.join(map(str, action.choices)))}" if action.choices else ""
            yield _fish_line("; and ".join(seen), " ".join(flags) + choices, action.help or "")


def _fish_line(condition: str, what: str, help_text: str) -> str:
    guard = f" -n {shlex.quote(condition)}" if condition else ""
    text = help_text.replace("%%", "%").replace("%(default)s", "")
    return f"complete -c llmready{guard} {what} -d {shlex.quote(text)}"
