import pytest

from infra.stage import StageError, load_stage

MAIL = {"mail_sender": "noreply@example.com"}


def test_the_local_stage_needs_no_settings() -> None:
    assert load_stage("local").mail_provider == "ses"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_deployed_stage_needs_a_sender_or_sends_nothing(name: str) -> None:
    assert load_stage(name, MAIL).mail_provider == "ses"
    assert load_stage(name, {"mail_provider": "none"}).mail_sender == ""
    with pytest.raises(StageError, match=r"ARGS=\"-c mail_sender=noreply@example.com\""):
        load_stage(name)


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
        ("dev", {"mail_provider": "smtp"}, "mail_provider is 'smtp'; it must be one of ses, sendgrid, none."),
        ("dev", {"mail_sender": ""}, "mail_provider is 'ses' but mail_sender is empty; "),
        ("dev", {**MAIL, "mail_sender": "nobody"}, "mail_sender is 'nobody'; it must be a mail address "),
        ("dev", {**MAIL, "mail_domain": "b.example"}, "mail_domain is 'b.example' but mail_sender is "),
        ("dev", {**MAIL, "mail_provider": "sendgrid"}, "mail_provider is 'sendgrid' but sendgrid_secret is "),
        ("dev", {"captcha": "guess"}, "captcha is 'guess'; it must be one of none, turnstile"),
        (
            "dev",
            {"captcha": "turnstile"},
            "captcha is 'turnstile' and captcha_secret is ''; a provider needs",
        ),
        ("dev", {"alarm_address": "ops"}, "alarm_address is 'ops'; it must be a mail address "),
        ("dev", {"public_url": "http://a.example"}, "public_url is 'http://a.example'; it must be an https "),
        ("dev", {"cors_origins": "*"}, "cors_origins names '*'; each must be an origin "),
        ("dev", {"domain": "api.example.com"}, "domain is 'api.example.com' and certificate is ''; "),
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
        ("dev", {"generation_timeout": "1"}, "generation_timeout is 1; it must be between 30 and 14400."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(name: str, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(StageError) as error:
        load_stage(name, {**MAIL, **settings})
    assert str(error.value).startswith(sentence)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
