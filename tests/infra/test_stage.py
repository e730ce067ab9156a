import re
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.stage import StageError
from infra.stage_files import STAGES, load_stage, setting_names

MAIL = {"mail_sender": "noreply@example.com"}


def test_the_local_stage_needs_no_settings() -> None:
    assert load_stage("local").mail_provider == "ses"


def test_prod_needs_a_sender_or_sends_nothing() -> None:
    assert load_stage("prod", MAIL).mail_provider == "ses"
    assert load_stage("prod", {"mail_provider": "none"}).mail_sender == ""
    with pytest.raises(StageError, match=r"stages/prod.toml"):
        load_stage("prod")


def test_dev_needs_no_settings() -> None:
    assert load_stage("dev").mail_provider == "none"


# Files


@pytest.fixture
def stages(tmp_path: Path) -> Callable[[str], Path]:
    """Return a writer of the file of a stage "prod" in a folder of its own."""

    def write(text: str) -> Path:
        (tmp_path / "prod.toml").write_text(text)
        return tmp_path

    return write


def test_the_command_line_overrides_the_file_and_the_file_the_defaults(stages: Callable[[str], Path]) -> None:
    folder = stages('mail_sender = "noreply@example.com"\nmax_tasks = 20\nwarm_tasks = 1\n')
    stage = load_stage("prod", {"max_tasks": "30"}, folder=folder)
    assert (stage.max_tasks, stage.warm_tasks, stage.crawlers_per_task) == (30, 1, 2)


def test_a_new_file_defines_another_stage(stages: Callable[[str], Path]) -> None:
    folder = stages("")
    (folder / "staging.toml").write_text('mail_provider = "none"\ncors_origins = ["https://a.example"]\n')
    stage = load_stage("staging", folder=folder)
    assert stage.stack_name == "LLMReady-staging"
    assert stage.cors_origins == ("https://a.example",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_task = 3", "stages/prod.toml: There is no setting 'max_task'; the settings are "),
        ('max_tasks = "3"', "stages/prod.toml: max_tasks is '3'; it must be a whole number."),
        ("max_tasks = true", "stages/prod.toml: max_tasks is True; it must be a whole number."),
        ("malware_scan = 1", "stages/prod.toml: malware_scan is 1; it must be true or false."),
        (
            'cors_origins = "https://a.example"',
            "stages/prod.toml: cors_origins is 'https://a.example'; it must ",
        ),
        ("max_tasks = ", "stages/prod.toml is not valid TOML: "),
        ("[limits]\nmax_tasks = 3", "stages/prod.toml: There is no setting 'limits'; the settings are "),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(
    stages: Callable[[str], Path], text: str, sentence: str
) -> None:
    with pytest.raises(StageError) as error:
        load_stage("prod", MAIL, folder=stages(text))
    assert str(error.value).startswith(sentence)


def test_every_setting_of_the_shipped_files_can_be_uncommented() -> None:
    for file in STAGES.glob("*.toml"):
        text = re.sub(r"^# (?=\w+ = )", "", file.read_text(), flags=re.MULTILINE)
        settings = re.findall(r"^(\w+) = ", text, re.MULTILINE)
        assert set(settings) <= set(setting_names()), file


def test_settings_are_typed_by_their_field() -> None:
    stage = load_stage(
        "dev",
        {
            **MAIL,
            "max_tasks": "25",
            "require_verified_email": "true",
            "cors_origins": "https://a.example, https://b.example",
            "region": "eu-central-1",
        },
    )
    assert stage.max_tasks == 25
    assert stage.require_verified_email is True
    assert stage.cors_origins == ("https://a.example", "https://b.example")
    assert stage.region == "eu-central-1"
    assert load_stage("dev", MAIL).max_tasks == 10


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("test", {}, "There is no stage 'test'; choose one of dev, prod, local."),
        ("dev", {"max_task": "3"}, "There is no setting 'max_task'; the settings are "),
        ("dev", {"max_tasks": "0"}, "max_tasks is 0; it must be between 1 and 500."),
        ("dev", {"max_tasks": "ten"}, "max_tasks is 'ten'; it must be a whole number."),
        (
            "dev",
            {"require_verified_email": "yes"},
            "require_verified_email is 'yes'; it must be true or false.",
        ),
        (
            "dev",
            {"region": "frankfurt"},
            "region is 'frankfurt'; it must be an AWS region such as eu-central-1.",
        ),
        ("Prod", {}, "There is no stage 'Prod'; choose one of dev, prod, local."),
        ("dev", {"mail_provider": "smtp"}, "mail_provider is 'smtp'; it must be one of ses, sendgrid, none."),
        ("prod", {"mail_sender": ""}, "mail_provider is 'ses' but mail_sender is empty. "),
        ("dev", {**MAIL, "mail_sender": "nobody"}, "mail_sender is 'nobody'; it must be a mail address "),
        ("dev", {**MAIL, "mail_domain": "b.example"}, "mail_domain is 'b.example' but mail_sender is "),
        ("dev", {**MAIL, "mail_provider": "sendgrid"}, "mail_provider is 'sendgrid' but sendgrid_secret is "),
        ("dev", {"captcha": "guess"}, "captcha is 'guess'; it must be one of none, turnstile"),
        (
            "dev",
            {"captcha": "turnstile"},
            "captcha is 'turnstile' and captcha_secret is ''. A provider needs",
        ),
        ("dev", {"alarm_address": "ops"}, "alarm_address is 'ops'; it must be a mail address "),
        ("dev", {"public_url": "http://a.example"}, "public_url is 'http://a.example'; it must be an https "),
        ("dev", {"cors_origins": "*"}, "cors_origins contains '*'; each must be an origin "),
        ("dev", {"domain": "api.example.com"}, "domain is 'api.example.com' and certificate is ''. "),
        (
            "dev",
            {"domain": "https://a", "certificate": "x"},
            "domain is 'https://a'; it must be a host such ",
        ),
        (
            "dev",
            {"domain": "a.example", "certificate": "x"},
            "certificate is 'x'; it must be an ACM certificate's ARN ",
        ),
        ("dev", {"budget_usd": "-1"}, "budget_usd is '-1'; it must be a whole number."),
        ("dev", {"task_cpu": "300"}, "task_cpu is 300; it must be one of 512, 1024, 2048, 4096."),
        (
            "dev",
            {"task_memory": "1024"},
            "task_memory is 1024 MiB; with task_cpu 1024 it must be between 2048 ",
        ),
        ("dev", {"browser_task_cpu": "300"}, "browser_task_cpu is 300; it must be one of 512, 1024, 2048, "),
        (
            "dev",
            {"browser_task_memory": "1024"},
            "browser_task_memory is 1024 MiB; with browser_task_cpu 1024 it must be between 2048 ",
        ),
        ("dev", {"architecture": "riscv"}, "architecture is 'riscv'; it must be one of arm64, x86_64."),
        ("dev", {"log_retention_days": "42"}, "log_retention_days is 42; it must be one of 1, 3, 5, "),
        ("dev", {"requests_per_second": "50"}, "sign_in_requests_per_second is 250; it must be below "),
        ("dev", {"generation_timeout": "1"}, "generation_timeout is 1; it must be between 30 and 14400."),
    ],
)
def test_invalid_settings_are_explained_in_one_sentence(
    name: str, settings: dict[str, str], sentence: str
) -> None:
    with pytest.raises(StageError) as error:
        load_stage(name, {**MAIL, **settings})
    assert str(error.value).startswith(sentence)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
