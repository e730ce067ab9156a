"""``llmready cost``: compute the cost of a stage from its template and a price table."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from llmready.cli import costing
from llmready.cli.client.output import print_table
from llmready.cli.failure import CommandFailed

_ROOT = Path(__file__).parents[3]
# A stage needs a mail sender; its address does not affect the cost.
_SENDER = "mail_sender=noreply@example.com"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stage", default="prod", help="the stage to synthesise (default: prod)")
    which.add_argument("--template", type=Path, help="a synthesised template to read instead")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON instead of tables")
    shape.add_argument("--markdown", action="store_true", help="print the tables of docs/cost.md")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the cost of a stage."""
    body = _template(options)
    stack = costing.read_template(body)
    if options.markdown:
        print(costing.markdown(stack))
    elif options.json:
        print(json.dumps([table._asdict() for table in costing.tables(stack)], indent=2))
    else:
        for number, table in enumerate(costing.tables(stack)):
            if number:
                print()
            print_table(table.head, table.rows, fixed=table.head)
    return 0


def _template(options: argparse.Namespace) -> dict[str, object]:
    if options.template is not None:
        try:
            body = json.loads(options.template.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CommandFailed(f"{options.template} cannot be read as a template: {error}") from None
        if not isinstance(body, dict) or "AWS::ECS::TaskDefinition" not in json.dumps(body):
            raise CommandFailed(f"{options.template} is not a template of this service")
        return body
    if not (_ROOT / "infra" / "app.py").is_file():
        raise CommandFailed(
            "this command needs a clone of the repository to synthesise the template. Run it there, or pass a "
            "template of `make synth` with --template"
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-O", "-m", "infra.app", "--stage", options.stage, "-c", _SENDER]
        done = subprocess.run(
            [*command, "--output", folder], capture_output=True, text=True, check=False, cwd=_ROOT
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise CommandFailed(f"the template could not be synthesised: {reason[0]}")
        (path,) = Path(folder).glob("*.template.json")
        made: dict[str, object] = json.loads(path.read_text("utf-8"))
        return made
