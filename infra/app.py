"""The CDK app: ``python -m infra.app`` synthesises a stage into cdk.out without Docker or an account."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

# The CDK needs Node; the virtual environment contains a recent version.
_NODE = Path(sys.prefix) / "bin" / "node"
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))

from aws_cdk import App, DefaultStackSynthesizer, IStackSynthesizer, Tags  # noqa: E402

from infra.constructs.checks import check_solutions  # noqa: E402
from infra.constructs.layers import BundlingError  # noqa: E402
from infra.paths import ROOT  # noqa: E402
from infra.regions import check_region  # noqa: E402
from infra.service_stack import ServiceStack  # noqa: E402
from infra.sizes import package_sizes, size_lines  # noqa: E402
from infra.stage import Stage, StageError  # noqa: E402
from infra.stage_files import load_stage, setting_names  # noqa: E402


def build(
    stage: Stage,
    *,
    outdir: str | None = None,
    context: dict[str, object] | None = None,
    synthesizer: IStackSynthesizer | None = None,
    protected: bool = True,
) -> App:
    """Build the app of one stage.

    Args:
        stage: its settings.
        outdir: folder of the cloud assembly; None leaves it to the CDK.
        context: feature flags and other context values, as in cdk.json.
        synthesizer: how assets are found at deploy time; None uses the CDK's bootstrap.
        protected: whether a stage that keeps its data is protected from deletion; see :class:`ServiceStack`.
    """
    app = App(
        outdir=outdir, context=context, auto_synth=False, analytics_reporting=False, tree_metadata=False
    )
    ServiceStack(
        app,
        stage.stack_name,
        stage=stage,
        synthesizer=synthesizer or _synthesizer(stage),
        protected=protected,
    )
    if stage.name != "local":  # the same constructs, with less of what the rules ask for
        check_solutions(app)
    Tags.of(app).add("service", "llmready")
    Tags.of(app).add("stage", stage.name)
    return app


def _synthesizer(stage: Stage) -> IStackSynthesizer:
    # The local stage is deployed into an empty account without the CDK's bootstrap.
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=stage.name != "local")


def feature_flags() -> dict[str, object]:
    """Read the CDK's feature flags, which the CLI would pass."""
    settings: dict[str, dict[str, object]] = json.loads((ROOT / "cdk.json").read_text())
    return settings["context"]


def main(arguments: list[str] | None = None) -> int:
    """Synthesise the app. A wrong setting prints one sentence and returns exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.app", description=__doc__)
    parser.add_argument(
        "--stage", help="name of a file in stages/ (default: the value of cdk -c stage=…, or dev)"
    )
    parser.add_argument("--output", help="folder of the result (default: cdk.out)")
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="SETTING=VALUE", help="a setting of the stage"
    )
    options = parser.parse_args(arguments)
    name, overrides, protected = _chosen(options.stage, options.context)
    outdir = options.output or os.environ.get("CDK_OUTDIR") or str(ROOT / "cdk.out")
    try:
        stage = load_stage(name, overrides)
        if stage.region:
            check_region(stage, stage.region)
        build(stage, outdir=outdir, context=feature_flags(), protected=protected).synth()
    except (StageError, BundlingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        sys.stderr.write(
            "The template breaks the rules of cdk-nag that the lines above name. Change the template, or acknowledge"
            " each finding with a reason beside its resource.\n"
        )
        return 1
    # The CDK may print the template to standard output, so messages go to standard error.
    sys.stderr.write(size_lines(package_sizes(Path(outdir), stage.stack_name)))
    return 0


def _chosen(stage: str | None, settings: list[str]) -> tuple[str, dict[str, str], bool]:
    """Return the stage's name, the operator's settings and whether the stack is protected from deletion.

    The CDK CLI passes all of them in the app's context.
    """
    given = App(auto_synth=False, analytics_reporting=False).node
    overrides = {
        setting: str(value)
        for setting in setting_names()
        if (value := given.try_get_context(setting)) is not None
    }
    overrides |= {setting: value for setting, _, value in (entry.partition("=") for entry in settings)}
    protected = str(given.try_get_context("protected")) != "false"
    return stage or given.try_get_context("stage") or "dev", overrides, protected


if __name__ == "__main__":
    sys.exit(main())
