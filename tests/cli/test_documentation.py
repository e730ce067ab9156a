"""docs/cli.md contains each command and exit code."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from llmready.cli.exit_codes import ExitCode
from llmready.cli.main import build_parser
from testkit import needs

DOCUMENT = (Path(__file__).parent.parent.parent / "docs/cli.md").read_text()
LLMREADY = Path(sys.executable).with_name("llmready")


def commands(parser: argparse.ArgumentParser, name: str = "llmready") -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, subparser in action.choices.items():
                if word == "admin":  # for operators; documented with the service
                    yield f"{name} {word}"
                else:
                    yield from commands(subparser, f"{name} {word}")
            return
    yield name


def test_each_command_is_documented() -> None:
    names = list(commands(build_parser()))
    assert "llmready sites add" in names
    for name in names:
        assert re.search(rf"`{name}[ `]", DOCUMENT), name


def test_crawl_and_convert_are_the_same_without_the_other_commands() -> None:
    def texts(parser: argparse.ArgumentParser) -> dict[str, str]:
        choices = next(
            action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        )
        return {name: choices[name].format_help() for name in ("crawl", "convert")}

    assert texts(build_parser("crawl")) == texts(build_parser("convert")) == texts(build_parser())


def test_crawl_does_not_wait_for_the_modules_of_other_commands() -> None:
    script = (
        "import sys\n"
        "from llmready.cli.main import main\n"
        "try:\n    main(['crawl', '--help'])\n"
        "except SystemExit:\n"
        "    print(*(name for name in sys.modules if name.startswith(('pydantic', 'llmready.domain'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: llmready crawl")
    assert done.stdout.endswith("\n\n"), f"imported: {done.stdout.splitlines()[-1]}"


def test_each_exit_code_is_documented() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode}


def test_a_shell_completes(tmp_path: Path) -> None:
    script = subprocess.run(
        [LLMREADY, "completion", "bash"], capture_output=True, text=True, check=True
    ).stdout
    (tmp_path / "completion").write_text(script)
    asks = (
        f"source {tmp_path}/completion; COMP_WORDS=(llmready sites de); COMP_CWORD=2; "
        "$(complete -p llmready | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(["bash", "-c", asks], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["delete"], done.stderr


def test_fish_completes(tmp_path: Path) -> None:
    needs.programs({"fish": "fish"})
    script = subprocess.run(
        [LLMREADY, "completion", "fish"], capture_output=True, text=True, check=True
    ).stdout
    (tmp_path / "llmready.fish").write_text(script)

    def completed(line: str) -> set[str]:
        asks = f"source {tmp_path}/llmready.fish; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", asks],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )
        assert done.stderr == ""
        return {choice.partition("\t")[0] for choice in done.stdout.splitlines()}

    assert completed("llmready sites de") == {"delete"}
    assert {"sites", "webhooks", "keys", "sync", "changes"} <= completed("llmready ")
    assert {"add", "edit", "deliveries", "rotate"} <= completed("llmready webhooks ")
    assert completed("llmready sites edit x --sche") == {"--schedule"}
    assert completed("llmready sites edit x --schedule ") == {"off", "daily", "weekly", "monthly"}


def test_output_on_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [LLMREADY, "completion", "bash"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == ExitCode.NOT_WRITTEN
    assert done.stderr == "llmready: the output could not be written: No space left on device\n"
