"""A setting that needs a service which a region lacks is refused before anything is created."""

from collections.abc import Callable

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.regions import GAPS, check_region
from infra.stage import StageError
from infra.stage_files import load_stage
from tests.infra.template import Template

MAIL = {"mail_sender": "noreply@example.com"}


def test_each_type_is_available_or_its_setting_is_refused(prod: Template) -> None:
    refused = {(kind, region) for gap in GAPS for kind in gap.types for region in gap.regions}
    kinds = {kind for kind in prod.kinds() if kind.startswith("AWS::")}
    for region in REGIONS:
        there = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
        assert {(kind, region) for kind in kinds - there} <= refused, region


def test_only_missing_services_are_refused() -> None:
    for gap in GAPS:
        for region in gap.regions:
            there = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
            assert set(gap.types) - there, (gap.types, region)


@pytest.mark.parametrize("region", ["eu-central-2", "ap-southeast-3", "me-central-1"])
def test_budget_is_refused_in_regions_without_budgets(region: str) -> None:
    check_region(load_stage("prod", MAIL), region)
    with pytest.raises(
        StageError, match=rf"^budget_usd is 20, but CloudFormation does not support .* in {region}\. "
    ):
        check_region(load_stage("prod", MAIL | {"budget_usd": "20"}), region)
    check_region(load_stage("prod", MAIL | {"budget_usd": "20"}), "eu-central-1")


def test_ses_is_refused_in_regions_without_ses(synthesise: Callable[..., Template]) -> None:
    with pytest.raises(StageError, match=r"Amazon SES is not available in eu-south-2"):
        check_region(load_stage("prod", MAIL), "eu-south-2")
    check_region(load_stage("dev"), "eu-south-2")
    assert not synthesise("dev").all_of("AWS::SES::ConfigurationSet")
