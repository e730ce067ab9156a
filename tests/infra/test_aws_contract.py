"""Requirements of AWS on the template that an emulator does not check, from AWS's documentation."""

import fnmatch
import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest

from tests.infra.template import Template, listed, target

STATEFUL = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret")


# Publishers need a resource policy that lets them in.


def _publishers(template: Template) -> Iterator[tuple[str, str]]:
    """Yield each service that publishes to a topic of the stack, with the topic's logical ID."""
    for alarm in template.of("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for action in properties.get(kind, []):
                yield "cloudwatch.amazonaws.com", target(action)
    for budget in template.all_of("AWS::Budgets::Budget").values():
        for notification in budget["Properties"]["NotificationsWithSubscribers"]:
            for subscriber in notification["Subscribers"]:
                if subscriber["SubscriptionType"] == "SNS":
                    yield "budgets.amazonaws.com", target(subscriber["Address"])


def test_each_publisher_may_publish_to_its_topic_only_for_this_account(prod: Template) -> None:
    edges = set(_publishers(prod))
    assert {service for service, _ in edges} == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for service, topic in edges:
        statements = prod.policy_statements("AWS::SNS::TopicPolicy", topic, "Topics")
        allowing = [
            statement
            for statement in statements
            if statement["Effect"] == "Allow"
            and service in listed(statement["Principal"].get("Service"))
            and "sns:Publish" in listed(statement["Action"])
            and target(statement["Resource"]) == topic
        ]
        assert allowing, f"{service} cannot publish to {topic}"
        for statement in allowing:
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_each_rule_may_call_its_function(prod: Template) -> None:
    edges = {
        (rule, target(goal["Arn"]))
        for rule, entry in prod.of("AWS::Events::Rule").items()
        for goal in entry["Properties"]["Targets"]
    }
    assert len(edges) > 5
    allowed = {
        (target(entry["Properties"]["SourceArn"]), target(entry["Properties"]["FunctionName"]))
        for entry in prod.of("AWS::Lambda::Permission").values()
        if entry["Properties"]["Principal"] == "events.amazonaws.com"
        and entry["Properties"]["Action"] == "lambda:InvokeFunction"
    }
    assert edges <= allowed


def test_each_integration_may_call_its_function(prod: Template) -> None:
    functions = {
        target(entry["Properties"]["IntegrationUri"])
        for entry in prod.of("AWS::ApiGatewayV2::Integration").values()
    }
    allowed = {
        target(entry["Properties"]["FunctionName"])
        for entry in prod.of("AWS::Lambda::Permission").values()
        if entry["Properties"]["Principal"] == "apigateway.amazonaws.com"
    }
    assert functions <= allowed


def test_each_queue_of_a_function_may_be_read_by_it(prod: Template) -> None:
    functions = prod.of("AWS::Lambda::Function")
    mappings = prod.of("AWS::Lambda::EventSourceMapping").values()
    assert len(mappings) >= 3
    for mapping in mappings:
        role = target(functions[target(mapping["Properties"]["FunctionName"])]["Properties"]["Role"])
        queue = target(mapping["Properties"]["EventSourceArn"])
        allowed = {
            action
            for statement in prod.statements(role)
            if queue in json.dumps(statement["Resource"])
            for action in listed(statement["Action"])
        }
        assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} <= allowed


def test_each_queue_may_use_its_dead_letter_queue(prod: Template) -> None:
    edges = 0
    for queue in prod.of("AWS::SQS::Queue").values():
        if redrive := queue["Properties"].get("RedrivePolicy"):
            assert target(redrive["deadLetterTargetArn"]) in prod.of("AWS::SQS::Queue")
            edges += 1
    assert edges >= 3


# Containers on Fargate


def test_each_container_is_limited_to_the_memory_of_its_task(prod: Template) -> None:
    for task in prod.of("AWS::ECS::TaskDefinition").values():
        (container,) = task["Properties"]["ContainerDefinitions"]
        memory = int(task["Properties"]["Memory"])
        assert container.get("Memory") == memory
        told = {variable["Name"]: variable["Value"] for variable in container["Environment"]}
        assert told["LLMREADY_TASK_MEMORY"] == str(memory)


def test_run_task_is_allowed_for_every_revision_of_both_families(prod: Template) -> None:
    families = {entry["Properties"]["Family"] for entry in prod.of("AWS::ECS::TaskDefinition").values()}
    (run,) = [
        statement
        for statement in prod.statements(prod.role_of("dispatcher"))
        if "ecs:RunTask" in listed(statement["Action"])
    ]
    allowed = {json.dumps(resource) for resource in listed(run["Resource"])}
    for family in families:
        assert any(f":task-definition/{family}:*" in resource for resource in allowed), family
    assert len(allowed) == len(families)


def test_tags_of_a_task_may_only_be_set_when_it_is_started(prod: Template) -> None:
    (tag,) = [
        statement
        for statement in prod.statements(prod.role_of("dispatcher"))
        if "ecs:TagResource" in listed(statement["Action"])
    ]
    assert tag["Condition"] == {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    cluster = next(iter(prod.of("AWS::ECS::Cluster")))
    resource = json.dumps(tag["Resource"])
    assert ":task/" in resource
    assert cluster in resource


def test_task_definitions_have_the_tags_that_tasks_inherit(prod: Template) -> None:
    for task in prod.of("AWS::ECS::TaskDefinition").values():
        tags = {tag["Key"]: tag["Value"] for tag in task["Properties"]["Tags"]}
        assert (tags["service"], tags["stage"]) == ("llmready", "prod")


# Queues and their consumers


def test_a_message_is_hidden_six_times_as_long_as_its_function_may_run(prod: Template) -> None:
    functions = prod.of("AWS::Lambda::Function")
    for mapping in prod.of("AWS::Lambda::EventSourceMapping").values():
        queue = prod.resources[target(mapping["Properties"]["EventSourceArn"])]
        function = functions[target(mapping["Properties"]["FunctionName"])]
        assert queue["Properties"]["VisibilityTimeout"] >= 6 * function["Properties"]["Timeout"]


def test_queues_leave_most_of_a_new_accounts_ten_executions_to_the_api(prod: Template) -> None:
    concurrency = [
        mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for mapping in prod.of("AWS::Lambda::EventSourceMapping").values()
    ]
    assert min(concurrency) >= 2  # Lambda accepts no less
    assert sum(concurrency) <= 6


# The first deploy


@pytest.fixture(scope="session")
def first(synthesise: Callable[..., Template]) -> Template:
    """Return the template of a stage that keeps its data as `make deploy` first creates it."""
    return synthesise("prod", protected=False, mail_provider="none")


def test_a_failed_first_deploy_leaves_nothing_behind(first: Template) -> None:
    kept = [first.output(name) for name in ("Table", "Bucket", "SigningSecret")]
    assert {entry["Type"] for entry in kept} == set(STATEFUL)
    for entry in kept:
        assert entry["DeletionPolicy"] == "RetainExceptOnCreate"
        assert entry["UpdateReplacePolicy"] == "Retain"
    # CloudFormation could not delete a protected table in its rollback.
    assert not first.only("AWS::DynamoDB::Table")["Properties"].get("DeletionProtectionEnabled")


def test_all_other_resources_are_deleted_with_the_stack(prod: Template) -> None:
    for name, entry in prod.resources.items():
        if entry["Type"] not in STATEFUL:
            assert entry.get("DeletionPolicy", "Delete") == "Delete", name


# IAM


def _policy_data() -> dict[str, Any]:
    """Return AWS's actions by service, from the data of the linter."""
    source = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(source.read_text())
    return found


def _all_statements(template: Template) -> Iterator[dict[str, Any]]:
    for entry in template.resources.values():
        properties = entry.get("Properties", {})
        documents = [properties.get("PolicyDocument")]
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", []) if policy]
        for document in documents:
            if isinstance(document, dict):
                yield from document["Statement"]


def test_each_action_exists(prod: Template) -> None:
    known = _policy_data()
    checked = 0
    for statement in _all_statements(prod):
        for action in listed(statement["Action"]):
            service, _, name = action.partition(":")
            if name != "*":
                assert fnmatch.filter(known[service]["Actions"], name.lower()), action
                checked += 1
    assert checked > 50


def _service_of(resource: Any) -> str | None:
    """Return the service in a resource's ARN; None if the ARN is known only after the deploy."""
    if isinstance(resource, dict) and "Fn::Join" in resource:
        parts = resource["Fn::Join"][1]
        resource = "".join(part if isinstance(part, str) else "?" for part in parts)
    if isinstance(resource, str) and (found := re.match(r"arn:[^:]*:([a-z0-9-]+):", resource)):
        return found[1]
    return None


OF_TYPE = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::S3::Bucket": "s3",
    "AWS::SQS::Queue": "sqs",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::Lambda::Function": "lambda",
    "AWS::Logs::LogGroup": "logs",
    "AWS::SNS::Topic": "sns",
    "AWS::IAM::Role": "iam",
}


def test_each_resource_belongs_to_the_service_of_its_actions(prod: Template) -> None:
    checked = 0
    for role in prod.of("AWS::IAM::Role"):
        for statement in prod.statements(role) if "ManagedPolicyArns" not in _properties(prod, role) else ():
            services = {action.partition(":")[0] for action in listed(statement["Action"])}
            for resource in listed(statement["Resource"]):
                service = _service_of(resource)
                if service is None and isinstance(resource, dict) and set(resource) & {"Ref", "Fn::GetAtt"}:
                    service = OF_TYPE.get(prod.resources[target(resource)]["Type"])
                if service is not None:
                    assert services == {service}, statement
                    checked += 1
    assert checked > 30


def _properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template.resources[name]["Properties"]
    return found


def test_mails_can_be_sent_to_any_address_but_only_from_the_sender(prod: Template) -> None:
    (send,) = [
        statement
        for statement in prod.statements(prod.role_of("notifier"))
        if "ses:SendEmail" in listed(statement["Action"])
    ]
    # In the sandbox SES checks the right on the recipient's identity as well.
    assert any(":identity/*" in json.dumps(resource) for resource in listed(send["Resource"]))
    assert send["Condition"] == {"StringEquals": {"ses:FromAddress": "noreply@example.com"}}


# HTTP API


def test_routes_are_valid_for_an_http_api(prod: Template) -> None:
    keys = [entry["Properties"]["RouteKey"] for entry in prod.of("AWS::ApiGatewayV2::Route").values()]
    assert "$default" in keys
    assert len(keys) == len(set(keys)) <= 300
    for key in keys:
        if key == "$default":
            continue
        method, _, path = key.partition(" ")
        assert method in {"ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
        assert path.startswith("/")
        assert not path.endswith("/")
        for number, part in enumerate(parts := path.split("/")[1:]):
            assert re.fullmatch(r"[A-Za-z0-9._~-]+|\{\w+\}|\{\w+\+\}", part), path
            if part.endswith("+}"):
                assert number == len(parts) - 1, path


def test_throttled_routes_exist(prod: Template) -> None:
    stage = prod.only("AWS::ApiGatewayV2::Stage")
    keys = {entry["Properties"]["RouteKey"] for entry in prod.of("AWS::ApiGatewayV2::Route").values()}
    assert set(stage["Properties"]["RouteSettings"]) <= keys


# Lambda's limits


def test_functions_stay_within_the_limits_of_lambda(prod: Template) -> None:
    for folder, function in prod.functions().items():
        properties = function["Properties"]
        assert len(properties["Layers"]) <= 5
        assert 128 <= properties["MemorySize"] <= 10_240
        assert properties["Timeout"] <= 900
        # References become ARNs, URLs and names, of which the longest have about 150 characters.
        size = sum(
            len(name) + (len(value) if isinstance(value, str) else 200)
            for name, value in properties["Environment"]["Variables"].items()
        )
        assert size < 4096, folder


def test_each_function_with_its_layers_fits_into_lambda(prod: Template) -> None:
    layers = {
        name: prod.unpacked(entry["Properties"]["Content"])
        for name, entry in prod.of("AWS::Lambda::LayerVersion").items()
        if "AwsCliLayer" not in name  # a zip of the CDK's, for its own function
    }
    for folder, function in prod.functions().items():
        size = prod.unpacked(function["Properties"]["Code"])
        size += sum(layers[target(layer)] for layer in function["Properties"]["Layers"])
        assert 10_000 < size < 250 * 1024 * 1024, folder


def test_functions_time_out_before_the_gateway(prod: Template) -> None:
    names = {
        target(entry["Properties"]["IntegrationUri"])
        for entry in prod.of("AWS::ApiGatewayV2::Integration").values()
    }
    for name in names:
        assert prod.resources[name]["Properties"]["Timeout"] < 30


# Browsers


def test_the_bucket_answers_pages_of_the_stages_origins(
    prod: Template, synthesise: Callable[..., Template]
) -> None:
    assert "CorsConfiguration" not in prod.archives()["Properties"]
    template = synthesise("dev", cors_origins="https://app.example.com")
    (rule,) = template.archives()["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://app.example.com"]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD"}
