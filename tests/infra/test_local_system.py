"""The local system as a process, seen from outside: HTTP, the emulated AWS, files, processes, ports."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from infra.local.assembly import synthesised
from infra.local.aws import Clients
from infra.local.deployment import STACK, deploy
from infra.local.distribution import origin_headers
from llmready.cli.main import main
from testkit.ports import free_port
from tests.infra.running import ROOT, Running, is_free, wait_for

PASSWORD = "correct horse battery"


def _register(system: Running, email: str, *, source: str = "127.0.0.1") -> int:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as client:
        body = {"email": email, "password": PASSWORD}
        return client.post(f"{system.api}/auth/register", json=body, timeout=30).status_code


def _login(system: Running, email: str) -> int:
    body = {"email": email, "password": PASSWORD}
    return httpx.post(f"{system.api}/auth/login", json=body, timeout=30).status_code


def _mail(system: Running, subject: str) -> None:
    system.aws("sesv2").send_email(
        FromEmailAddress="LLMReady <noreply@llmready.local>",
        Destination={"ToAddresses": ["someone@example.com"]},
        Content={
            "Simple": {
                "Subject": {"Data": subject},
                "Body": {"Text": {"Data": "Grüße"}, "Html": {"Data": "<p>Grüße</p>"}},
            }
        },
    )


def _mails(system: Running, subject: str) -> list[Path]:
    return [path for path in (system.data / "mail").glob("*.eml") if subject in path.read_text()]


# The deployed stack


def test_endpoints_contain_the_deployed_resources(running: Running) -> None:
    endpoints = running.endpoints
    assert set(endpoints) == {"api", "aws", "region", "account", "stack", "table", "bucket", "queues"}
    assert endpoints["api"] == running.api
    assert httpx.get(f"{endpoints['api']}/health").json()["status"] == "ok"
    assert running.aws("dynamodb").describe_table(TableName=endpoints["table"])
    assert running.aws("s3").head_bucket(Bucket=endpoints["bucket"])
    assert set(endpoints["queues"]) == {
        *("standard", "priority", "generation_dead_letters"),
        *("mail", "mail_dead_letters", "webhook", "webhook_dead_letters"),
        *("standard_browser", "priority_browser"),
    }
    for url in endpoints["queues"].values():
        assert running.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    status = running.aws("cloudformation").describe_stacks(StackName=endpoints["stack"])["Stacks"][0]
    assert status["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_items_of_the_table_expire(running: Running) -> None:
    told = running.aws("dynamodb").describe_time_to_live(TableName=running.endpoints["table"])
    assert told["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_the_signing_secret_is_there(running: Running) -> None:
    secrets = running.aws("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=_outputs(running)["SigningSecret"])["SecretString"])
    assert secret["kid"] == "k1"
    assert len(secret["secret"]) == 64


def test_the_api_is_reached_only_through_the_front_door(running: Running) -> None:
    direct = (
        f"{running.endpoints['aws']}/_aws/execute-api/{_outputs(running)['ApiId']}/$default/api/v1/health"
    )
    assert httpx.get(f"{running.api}/health", timeout=30).status_code == 200
    for headers in ({}, {"X-LLMReady-Origin": "guessed"}):
        answer = httpx.get(direct, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (403, "direct_call")


def test_smoke_test_reports_skipped_checks(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "smoke", "--data", str(running.data)]) == 0
    verdicts = dict(line.split(": ")[0].split()[::-1] for line in capsys.readouterr().out.splitlines())
    assert verdicts == {
        "API": "fine",
        "schedules": "fine",
        "alarm": "skipped",
        # This system may not crawl itself.
        "generation": "skipped",
        "download": "skipped",
        "mail": "skipped",
    }


def _outputs(running: Running) -> dict[str, str]:
    (stack,) = running.aws("cloudformation").describe_stacks(StackName=running.endpoints["stack"])["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.mark.parametrize(
    "path", ["/websites", "/websites/", "/generations/", "/generations/start", "/auth/me"]
)
def test_paths_with_and_without_a_trailing_slash_reach_their_function(running: Running, path: str) -> None:
    answer = httpx.get(running.api + path, timeout=30)
    assert answer.status_code in {401, 405}, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["", "/", "/nothing"])
def test_unknown_paths_answer_problem_documents_locally(running: Running, path: str) -> None:
    answer = httpx.get(running.api + path, timeout=30)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_limits_of_the_start_hold_for_each_source_address(running: Running) -> None:
    emails = [f"{time.time_ns()}-{number}@example.com" for number in range(5)]
    answers = [_register(running, email, source="127.0.0.3") for email in emails]
    assert answers[:3] == [201, 201, 201]
    assert 429 in answers[3:]
    assert _register(running, f"other-{emails[0]}", source="127.0.0.4") == 201


def test_schedules_are_in_place(running: Running) -> None:
    rules = running.aws("events").list_rules()["Rules"]
    assert sorted(rule["ScheduleExpression"] for rule in rules if rule.get("ScheduleExpression")) == [
        "cron(0 0 1 * ? *)",
        "cron(0 2 * * ? *)",
        "cron(15,30,45 * 1-2 * ? *)",
        "cron(30 * * * ? *)",
        "rate(1 minute)",
        "rate(5 minutes)",
    ]


def test_logs_of_functions_are_in_a_file(running: Running) -> None:
    before = _invocations(running)
    _invoke_dispatcher(running)
    wait_for(lambda: _invocations(running) > before)


# Tasks


def test_a_task_gets_a_worker_and_ends_with_it(running: Running) -> None:
    arn = _run_task(running)
    (worker,) = wait_for(lambda: running.children("-m llmready.worker"))
    environment = (Path("/proc") / str(worker) / "environ").read_bytes().decode()
    assert f"LLMREADY_TABLE={running.endpoints['table']}" in environment
    assert f"AWS_ENDPOINT_URL={running.endpoints['aws']}" in environment
    assert "LLMREADY_OVERRIDDEN=yes" in environment
    wait_for(lambda: _stopped(running, arn) == "Essential container in task exited (0)")
    assert not running.children("-m llmready.worker")
    log = running.data / "log" / f"worker-{arn.rpartition('/')[2]}.log"
    assert "worker ready" in log.read_text()


def test_a_stopped_task_loses_its_worker(running: Running) -> None:
    arn = _run_task(running)
    wait_for(lambda: running.children("-m llmready.worker"))
    cluster = _cluster(running)
    running.aws("ecs").stop_task(cluster=cluster, task=arn, reason="enough")
    wait_for(lambda: not running.children("-m llmready.worker"))
    assert _stopped(running, arn) == "enough"


def test_a_killed_worker_stops_its_task_and_wakes_the_dispatcher(running: Running) -> None:
    arn = _run_task(running)
    (worker,) = wait_for(lambda: running.children("-m llmready.worker"))
    before = _invocations(running)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: _stopped(running, arn) == "Essential container in task exited (-9)")
    wait_for(lambda: _invocations(running) > before)


# Mail


def test_each_mail_is_a_file(running: Running) -> None:
    subject = f"Hello {time.time_ns()}"
    _mail(running, subject)
    (path,) = wait_for(lambda: _mails(running, subject))
    text = path.read_text()
    assert "From: LLMReady <noreply@llmready.local>" in text
    assert "To: someone@example.com" in text
    assert text.count("Grüße") == 2


# Updates and restarts


def test_a_changed_template_updates_the_stack_and_keeps_the_data(running: Running, tmp_path: Path) -> None:
    original, _ = asyncio.run(synthesised())
    changed = tmp_path / "assembly"
    shutil.copytree(original, changed)
    template = json.loads((changed / f"{STACK}.template.json").read_text())
    queue = next(
        entry["Properties"]
        for entry in template["Resources"].values()
        if entry["Type"] == "AWS::SQS::Queue" and entry["Properties"].get("VisibilityTimeout") == 180
        if "RedrivePolicy" in entry["Properties"]
    )
    queue["VisibilityTimeout"] = 181
    (changed / f"{STACK}.template.json").write_text(json.dumps(template))
    manifest = (changed / f"{STACK}.assets.json").read_text()
    key = next(
        name
        for name, asset in json.loads(manifest)["files"].items()
        if asset["source"]["path"] == f"{STACK}.template.json"
    )
    (changed / f"{STACK}.assets.json").write_text(manifest.replace(key, f"{key[:-4]}0000"))
    endpoints = running.endpoints
    item = {"pk": {"S": "kept"}, "sk": {"S": "kept"}}
    running.aws("dynamodb").put_item(TableName=endpoints["table"], Item=item)

    clients = Clients(endpoints["aws"])
    deployed, done = deploy(clients, changed, tmp_path / "record")

    assert done
    assert deployed.table == endpoints["table"]
    assert running.aws("dynamodb").get_item(TableName=endpoints["table"], Key=item)["Item"] == item
    attributes = running.aws("sqs").get_queue_attributes(
        QueueUrl=endpoints["queues"]["mail"], AttributeNames=["VisibilityTimeout"]
    )
    assert attributes["Attributes"]["VisibilityTimeout"] == "181"
    assert httpx.get(f"{running.api}/health", timeout=30).status_code == 200
    (tmp_path / "record").write_text(deployed.template)
    assert deploy(clients, changed, tmp_path / "record") == (deployed, False)


def test_a_crash_loses_seconds_of_data_and_a_stop_loses_none(tmp_path: Path) -> None:
    system = Running(tmp_path / "data")
    first = system.start()
    aws = system.endpoints["aws"]
    assert _register(system, "early@example.com") == 201
    _mail(system, "Early")
    wait_for(lambda: _mails(system, "Early"))
    time.sleep(3)
    system.crash()

    again = system.start()
    assert "stack: deployed" in first
    assert "stack: unchanged" in again
    assert system.endpoints["aws"] == aws
    assert _login(system, "early@example.com") == 200
    assert _register(system, "late@example.com") == 201
    _run_task(system)
    wait_for(lambda: system.children("-m llmready.worker"))
    children = system.children()
    began = time.monotonic()
    assert system.stop() == 0
    assert time.monotonic() - began < 10
    assert not [pid for pid in children if (Path("/proc") / str(pid)).exists()]
    assert is_free(system.port)
    assert is_free(int(aws.rpartition(":")[2]))
    assert not (system.data / "endpoints.json").exists()

    system.start()
    try:
        assert _login(system, "late@example.com") == 200
        assert len(_mails(system, "Early")) == 1
        assert not running_tasks(system)
    finally:
        assert system.stop() == 0


def test_emulator_uses_another_port_if_its_port_is_in_use(tmp_path: Path) -> None:
    system = Running(tmp_path / "data")
    system.start()
    queue = system.endpoints["queues"]["standard"]
    port = int(system.endpoints["aws"].rpartition(":")[2])
    assert _register(system, "mover@example.com") == 201
    assert system.stop() == 0
    blocker = subprocess.Popen(
        ["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: not is_free(port))
        system.start()
        try:
            assert not system.endpoints["aws"].endswith(f":{port}")
            assert system.endpoints["queues"]["standard"] == queue
            assert _login(system, "mover@example.com") == 200
            assert running_tasks(system) == []
            sqs = system.aws("sqs")
            sqs.send_message(QueueUrl=queue, MessageBody="{}")
            assert sqs.receive_message(QueueUrl=queue)["Messages"]
        finally:
            assert system.stop() == 0
    finally:
        blocker.terminate()
        blocker.wait()


# Errors that prevent its start


def test_one_system_per_folder(running: Running) -> None:
    told = _refused(running.command(port=free_port()))
    assert told == f"Another local system runs on {running.data} already; stop that one first."


def test_port_in_use_is_reported(running: Running, tmp_path: Path) -> None:
    told = _refused(running.command(data=tmp_path))
    assert told == f"Port {running.port} is used by another program; try make run PORT={running.port + 1}."


def test_a_wrong_setting(running: Running, tmp_path: Path) -> None:
    told = _refused(running.command(port="eighty", data=tmp_path))
    assert told == "The port is 'eighty'; it must be a number from 1 to 65535."


def test_a_folder_that_cannot_be_used(running: Running, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = _refused(running.command(port=free_port(), data=tmp_path / "file"))
    assert told == f"The local system cannot use {tmp_path / 'file'}: File exists."


def _refused(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    return sentence


def _cluster(system: Running) -> str:
    (arn,) = system.aws("ecs").list_clusters()["clusterArns"]
    return str(arn)


def running_tasks(system: Running) -> list[str]:
    return list(system.aws("ecs").list_tasks(cluster=_cluster(system), desiredStatus="RUNNING")["taskArns"])


def _run_task(system: Running) -> str:
    """Start a task as the dispatcher does."""
    ecs = system.aws("ecs")
    definition, _ = ecs.list_task_definitions()["taskDefinitionArns"]
    subnets = [entry["SubnetId"] for entry in system.aws("ec2").describe_subnets()["Subnets"]]
    override = {"name": "worker", "environment": [{"name": "LLMREADY_OVERRIDDEN", "value": "yes"}]}
    started = ecs.run_task(
        cluster=_cluster(system),
        taskDefinition=definition,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets[:1], "assignPublicIp": "ENABLED"}},
        overrides={"containerOverrides": [override]},
    )
    return str(started["tasks"][0]["taskArn"])


def _stopped(system: Running, arn: str) -> str | None:
    task = system.aws("ecs").describe_tasks(cluster=_cluster(system), tasks=[arn])["tasks"][0]
    return task.get("stoppedReason") if task["lastStatus"] == "STOPPED" else None


def _invocations(system: Running) -> int:
    """How often the dispatcher ran, by the file of logs."""
    log = system.data / "log" / "functions.log"
    return log.read_text().count('"message":"dispatched"') if log.exists() else 0


def _invoke_dispatcher(system: Running) -> None:
    client = system.aws("lambda")
    names = [entry["FunctionName"] for entry in client.list_functions()["Functions"]]
    (dispatcher,) = [name for name in names if "Dispatcher" in name]
    assert "FunctionError" not in client.invoke(FunctionName=dispatcher, Payload=b"{}")


# This is the last test, because after three rotations within seconds, functions have an old secret: they read it at
# most every ten seconds.
def test_the_secret_header_is_rotated_while_requests_come(running: Running) -> None:
    for number, options in enumerate(([], ["--compromised"], [])):
        rotate = ["admin", "rotate-origin-secret", "--after", "0", "--data", str(running.data), *options]
        assert main(rotate) == 0
        answers = [httpx.get(f"{running.api}/{path}", timeout=30) for path in ("health", "websites")]
        assert [answer.status_code for answer in answers] == [200, 401], number
    secret = running.aws("secretsmanager").get_secret_value(SecretId=_outputs(running)["OriginSecret"])
    stored = json.loads(secret["SecretString"])
    cloudfront = running.aws("cloudfront")
    sent = origin_headers(cloudfront, _outputs(running)["Distribution"])
    assert sent == {"x-llmready-origin": stored["value"]}
    assert stored["previous"] not in {None, stored["value"]}
