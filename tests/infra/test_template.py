"""Properties of the template that matter to an operator, independent of the names of resources."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.template import Template, denies_plain_http, listed, target

FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
FOLDERS = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))

LOG = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def _items(*operations: str) -> set[str]:
    return {f"dynamodb:{operation}" for operation in operations}


SECRET = {"secretsmanager:GetSecretValue"}
SEND = {"sqs:SendMessage"}
DELETE_FILES = {"s3:DeleteObject", "s3:ListBucket"}
CONSUME = {
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
ALLOWED = {
    "public": SECRET,
    "auth": _items(
        "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"
    )
    | SECRET
    | SEND
    | DELETE_FILES,
    "keys": _items("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem") | SECRET,
    "webhooks": _items("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem") | SECRET | SEND,
    "firecrawl": _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
    | SECRET
    | SEND
    | {"s3:GetObject", "s3:GetObjectTagging", "lambda:InvokeFunction"},
    "websites": _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    | SECRET
    | DELETE_FILES
    | {"s3:GetObject", "lambda:InvokeFunction"},
    "generations": _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    | SECRET
    | SEND
    | DELETE_FILES
    | {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObjectTagging"}
    | {"lambda:InvokeFunction"},
    "dispatcher": _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    | SEND
    | {"ecs:RunTask", "ecs:TagResource", "ecs:ListTasks", "ecs:DescribeTasks", "iam:PassRole"},
    "notifier": _items("GetItem", "Query", "PutItem", "UpdateItem", "ConditionCheckItem")
    | SECRET
    | CONSUME
    | SEND
    | {"ses:SendEmail"},
    "mail_events": _items("PutItem") | SECRET,
    "dead_letters": _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem") | SEND | CONSUME,
    "quota_reset": _items("GetItem", "Query", "PutItem", "UpdateItem"),
    "scan_results": _items("Query", "UpdateItem") | DELETE_FILES,
    "cleanup": _items(
        "GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"
    )
    | DELETE_FILES,
}


# Functions and roles


def test_every_folder_is_a_function(prod: Template) -> None:
    assert FOLDERS
    assert sorted(prod.functions()) == FOLDERS


def test_every_function_has_a_role_of_its_own(prod: Template) -> None:
    roles = [prod.role_of(folder) for folder in FOLDERS]
    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_have_exactly_these_permissions(prod: Template, folder: str) -> None:
    assert prod.actions(prod.role_of(folder)) == ALLOWED[folder] | LOG


@pytest.mark.parametrize("folder", FOLDERS)
def test_permissions_name_their_resources(prod: Template, folder: str) -> None:
    # Tracing and ListTasks know no resource in IAM.
    unnamed = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "ecs:ListTasks"}
    for statement in prod.statements(prod.role_of(folder)):
        actions = set(listed(statement["Action"]))
        assert not any("*" in action for action in actions)
        if "*" in listed(statement["Resource"]):
            assert actions <= unnamed, actions


def test_functions_access_only_archives_and_delete_checkpoints_with_the_account(prod: Template) -> None:
    task = _task_role(prod)
    deleting_accounts = [prod.role_of("auth"), prod.role_of("cleanup")]
    for role in [*(prod.role_of(folder) for folder in FOLDERS), task]:
        for statement in prod.statements(role):
            actions = listed(statement["Action"])
            if any(action.endswith("Object") for action in actions):
                places = {"/generations/*"}
                if role == task and "s3:DeleteObject" in actions:
                    places = {"/checkpoints/*"}  # all that a worker may delete
                elif role in deleting_accounts and actions == ["s3:DeleteObject"]:
                    places = {"/generations/*", "/checkpoints/*"}
                for entry in listed(statement["Resource"]):
                    assert any(place in json.dumps(entry) for place in places)
            if "s3:ListBucket" in actions:
                (prefixes,) = statement["Condition"]["StringLike"].values()
                assert list(statement["Condition"]["StringLike"]) == ["s3:prefix"]
                allowed = {"generations/*"} | ({"checkpoints/*"} if role in deleting_accounts else set())
                assert set(listed(prefixes)) <= allowed


def test_only_the_dispatcher_may_start_tasks_and_only_of_this_cluster(prod: Template) -> None:
    cluster = next(iter(prod.of("AWS::ECS::Cluster")))
    for statement in prod.statements(prod.role_of("dispatcher")):
        actions = listed(statement["Action"])
        if set(actions) & {"ecs:RunTask", "ecs:ListTasks", "ecs:DescribeTasks"}:
            assert target(statement["Condition"]["ArnEquals"]["ecs:cluster"]) == cluster
        if "iam:PassRole" in actions:
            assert statement["Condition"] == {
                "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
            }


def test_functions_run_our_python_on_arm_with_both_layers(dev: Template) -> None:
    layers = {
        entry["Properties"]["Description"]: name
        for name, entry in dev.of("AWS::Lambda::LayerVersion").items()
        if "AwsCliLayer" not in name  # of the CDK's own function, which uploads the web app
    }
    for folder, function in dev.functions().items():
        properties = function["Properties"]
        assert properties["Handler"] == "handler.handler", folder
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert {target(layer) for layer in properties["Layers"]} == set(layers.values())
        assert len(layers) == 2


def test_nothing_in_an_environment_is_secret(prod: Template) -> None:
    for function in prod.functions().values():
        for name, value in function["Properties"]["Environment"]["Variables"].items():
            assert "resolve:secretsmanager" not in json.dumps(value), name


def test_functions_time_out_before_their_message_is_visible_again(prod: Template) -> None:
    queues = prod.of("AWS::SQS::Queue")
    names = {prod.function_name(folder): function for folder, function in prod.functions().items()}
    for mapping in prod.of("AWS::Lambda::EventSourceMapping").values():
        queue = queues[target(mapping["Properties"]["EventSourceArn"])]
        function = names[target(mapping["Properties"]["FunctionName"])]
        assert queue["Properties"]["VisibilityTimeout"] >= 2 * function["Properties"]["Timeout"]
        assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_each_log_group_has_a_retention(prod: Template) -> None:
    groups = prod.of("AWS::Logs::LogGroup")
    assert len(groups) >= len(FOLDERS) + 1
    assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {90}
    for function in prod.functions().values():
        assert target(function["Properties"]["LoggingConfig"]["LogGroup"]) in groups


# Storage


def test_the_table_is_recoverable_encrypted_and_paid_by_request(prod: Template) -> None:
    table = prod.only("AWS::DynamoDB::Table")
    properties = table["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["DeletionProtectionEnabled"] is True
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_tables_indexes(prod: Template) -> None:
    indexes = {
        index["IndexName"]: (
            [key["AttributeName"] for key in index["KeySchema"]],
            index["Projection"]["ProjectionType"],
        )
        for index in prod.only("AWS::DynamoDB::Table")["Properties"]["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "due": (["due_kind", "due_at"], "KEYS_ONLY"),
        "by_user": (["user_id", "sk"], "KEYS_ONLY"),
        "by_website": (["user_website", "generation_id"], "KEYS_ONLY"),
        "by_status": (["user_status", "generation_id"], "KEYS_ONLY"),
        "by_website_status": (["website_status", "generation_id"], "KEYS_ONLY"),
    }


def test_the_bucket_is_private_encrypted_and_tls_only(prod: Template) -> None:
    assert len(prod.of("AWS::S3::Bucket")) == 2
    for name, bucket in prod.of("AWS::S3::Bucket").items():
        properties = bucket["Properties"]
        assert properties["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        encryption = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert denies_plain_http(prod.policy_statements("AWS::S3::BucketPolicy", name, "Bucket"))
    assert prod.archives()["DeletionPolicy"] == "RetainExceptOnCreate"


def test_orphaned_files_and_incomplete_uploads_expire(prod: Template) -> None:
    rule, checkpoints = prod.archives()["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (checkpoints["Prefix"], checkpoints["ExpirationInDays"]) == ("checkpoints/", 1)
    assert rule["Status"] == checkpoints["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 400
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_dev_retains_nothing(dev: Template) -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"):
        assert {entry["DeletionPolicy"] for entry in dev.of(kind).values()} == {"Delete"}
    emptied = {
        target(entry["Properties"]["BucketName"]) for entry in dev.of("Custom::S3AutoDeleteObjects").values()
    }
    assert emptied == set(dev.of("AWS::S3::Bucket"))


def test_the_signing_secret_is_made_at_random(prod: Template) -> None:
    generated = prod.output("SigningSecret")["Properties"]["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"kid": "k1"}
    assert generated["GenerateStringKey"] == "secret"
    assert generated["PasswordLength"] >= 64


# Queues


def test_every_queue_is_encrypted_and_tls_only(prod: Template) -> None:
    for name, queue in prod.of("AWS::SQS::Queue").items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
        assert denies_plain_http(prod.policy_statements("AWS::SQS::QueuePolicy", name, "Queues")), name


def test_every_queue_has_a_dead_letter_queue(prod: Template) -> None:
    queues = prod.of("AWS::SQS::Queue")
    redrives = {
        name: queue["Properties"]["RedrivePolicy"]
        for name, queue in queues.items()
        if "RedrivePolicy" in queue["Properties"]
    }
    dead = [target(redrive["deadLetterTargetArn"]) for redrive in redrives.values()]
    assert sorted(redrive["maxReceiveCount"] for redrive in redrives.values()) == [5, 5, 8, 8, 8, 8]
    assert len(set(dead)) == 3
    assert set(dead) | set(redrives) == set(queues)
    for name in dead:
        assert queues[name]["Properties"]["MessageRetentionPeriod"] == 14 * 86400


def test_each_dead_letter_queue_has_an_alarm(prod: Template) -> None:
    topic = next(iter(prod.of("AWS::SNS::Topic")))
    dead = {
        target(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in prod.of("AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue["Properties"]
    }
    watched = set()
    for alarm in prod.of("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert [target(action) for action in properties["AlarmActions"]] == [topic]
        if properties.get("Namespace") == "AWS/SQS":
            assert properties["Threshold"] == 1
            watched |= {target(dimension["Value"]) for dimension in properties["Dimensions"]}
    assert watched == dead
    assert prod.only("AWS::SNS::Subscription")["Properties"]["Endpoint"] == "ops@example.com"


def test_queue_consumers(prod: Template) -> None:
    taken = {
        (target(entry["Properties"]["FunctionName"]), target(entry["Properties"]["EventSourceArn"]))
        for entry in prod.of("AWS::Lambda::EventSourceMapping").values()
    }
    by_receives: dict[int, set[tuple[str, str]]] = {}
    for name, queue in prod.of("AWS::SQS::Queue").items():
        if redrive := queue["Properties"].get("RedrivePolicy"):
            by_receives.setdefault(redrive["maxReceiveCount"], set()).add(
                (name, target(redrive["deadLetterTargetArn"]))
            )
    outbox = {name for name, _ in by_receives[5]}  # of emails and of webhook deliveries
    assert len(outbox) == 2
    dead_letters = prod.function_name("dead_letters")
    assert taken == {(prod.function_name("notifier"), queue) for queue in outbox} | {
        (dead_letters, dead) for _, dead in by_receives[8]
    }


# API


def test_every_path_reaches_a_function_of_ours(prod: Template) -> None:
    routes = {route["Properties"]["RouteKey"] for route in prod.of("AWS::ApiGatewayV2::Route").values()}
    assert routes == {
        "$default",
        "GET /api/v1/health",
        "GET /api/v1/plans",
        "GET /api/v1/openapi.json",
        "GET /api/v1/docs",
        "ANY /api/v1/auth/{proxy+}",
        "ANY /api/v1/keys",
        "ANY /api/v1/keys/{proxy+}",
        "ANY /v1/llmstxt",
        "ANY /v1/llmstxt/{proxy+}",
        "ANY /api/v1/websites",
        "ANY /api/v1/websites/{proxy+}",
        "ANY /api/v1/generations",
        "ANY /api/v1/generations/{proxy+}",
        "ANY /api/v1/webhooks",
        "ANY /api/v1/webhooks/{proxy+}",
    }


def test_the_api_is_throttled_and_closed_to_other_origins(prod: Template) -> None:
    throttle = prod.only("AWS::ApiGatewayV2::Stage")["Properties"]["DefaultRouteSettings"]
    assert throttle["ThrottlingRateLimit"] > 0
    assert throttle["ThrottlingBurstLimit"] > 0
    routes = prod.only("AWS::ApiGatewayV2::Stage")["Properties"]["RouteSettings"]
    assert set(routes) == {"ANY /api/v1/auth/{proxy+}"}
    for settings in routes.values():
        assert 0 < settings["ThrottlingRateLimit"] < throttle["ThrottlingRateLimit"]
        assert 0 < settings["ThrottlingBurstLimit"] < throttle["ThrottlingBurstLimit"]
    assert "CorsConfiguration" not in prod.only("AWS::ApiGatewayV2::Api")["Properties"]


def test_rate_limits_are_passed_to_the_functions(prod: Template) -> None:
    told = {
        name: value
        for function in prod.functions().values()
        for name, value in function["Properties"]["Environment"]["Variables"].items()
        if name.endswith("_PER_MINUTE")
    }
    assert told == {
        "LLMREADY_STARTS_PER_MINUTE": "10",
        "LLMREADY_REGISTRATIONS_PER_MINUTE": "30",
        "LLMREADY_LOGINS_PER_MINUTE": "60",
    }


def test_an_operator_sets_the_throttles(synthesise: Callable[..., Template]) -> None:
    template = synthesise("dev", requests_per_second="900", sign_in_requests_per_second="80")
    stage = template.only("AWS::ApiGatewayV2::Stage")["Properties"]
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 900, "ThrottlingBurstLimit": 1800}
    (sign_in,) = stage["RouteSettings"].values()
    assert sign_in == {"ThrottlingRateLimit": 80, "ThrottlingBurstLimit": 160}


def test_cors_origins_are_listed(synthesise: Callable[..., Template]) -> None:
    template = synthesise("dev", cors_origins="https://app.example.com", public_url="https://api.example.com")
    cors = template.only("AWS::ApiGatewayV2::Api")["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://app.example.com"]
    assert not cors.get("AllowCredentials")
    variables = template.functions()["notifier"]["Properties"]["Environment"]["Variables"]
    assert variables["LLMREADY_PUBLIC_URL"] == "https://api.example.com"


# Workers


def test_network_has_no_hourly_cost_and_no_ingress(prod: Template) -> None:
    assert not prod.kinds() & {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::ECS::Service"}
    group = prod.only("AWS::EC2::SecurityGroup")["Properties"]
    assert "SecurityGroupIngress" not in group
    assert not prod.all_of("AWS::EC2::SecurityGroupIngress")
    out = [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]]
    assert sorted(out) == [("tcp", 80, 80), ("tcp", 443, 443)]


def test_table_and_bucket_have_gateway_endpoints(prod: Template) -> None:
    endpoints = [entry["Properties"] for entry in prod.of("AWS::EC2::VPCEndpoint").values()]
    services = {json.dumps(endpoint["ServiceName"]).split(".")[-1].strip('"]}') for endpoint in endpoints}
    assert services == {"s3", "dynamodb"}
    # Gateway endpoints are free; other endpoints are charged by the hour.
    assert {endpoint["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}


def test_prod_logs_refused_connections(prod: Template, dev: Template) -> None:
    assert prod.only("AWS::EC2::FlowLog")["Properties"]["TrafficType"] == "REJECT"
    assert not dev.all_of("AWS::EC2::FlowLog")


def test_tasks_may_run_on_spot(prod: Template) -> None:
    assert set(prod.only("AWS::ECS::Cluster")["Properties"]["CapacityProviders"]) == {
        "FARGATE",
        "FARGATE_SPOT",
    }


def _tasks(template: Template) -> dict[str, dict[str, Any]]:
    """The task definitions, by whether their workers have a browser."""
    found = {}
    for entry in template.of("AWS::ECS::TaskDefinition").values():
        (container,) = entry["Properties"]["ContainerDefinitions"]
        variables = {variable["Name"]: variable["Value"] for variable in container["Environment"]}
        kind = {"true": "browser", "false": "plain"}[variables["LLMREADY_BROWSER"]]
        found[kind] = {**entry["Properties"], "container": container, "variables": variables}
    assert len(found) == len(template.of("AWS::ECS::TaskDefinition"))
    return found


@pytest.mark.parametrize("kind", ["plain", "browser"])
def test_a_task_has_time_to_stop_and_few_rights_over_its_machine(prod: Template, kind: str) -> None:
    task = _tasks(prod)[kind]
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    container = task["container"]
    assert container["StopTimeout"] == 120
    assert container["LinuxParameters"]["InitProcessEnabled"] is True
    left = DOCKER_DEFAULT - set(container["LinuxParameters"]["Capabilities"]["Drop"])
    assert left == {"SETUID", "SETGID", "KILL"}
    assert "Privileged" not in container
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"
    assert target(container["LogConfiguration"]["Options"]["awslogs-group"]) in prod.of("AWS::Logs::LogGroup")


@pytest.mark.parametrize("kind", ["plain", "browser"])
def test_a_task_writes_only_to_its_work_folder(prod: Template, kind: str) -> None:
    task = _tasks(prod)[kind]
    assert task["container"]["ReadonlyRootFilesystem"] is True
    (mount,) = task["container"]["MountPoints"]
    assert (mount["ContainerPath"], mount["ReadOnly"]) == ("/work", False)
    assert task["Volumes"] == [{"Name": mount["SourceVolume"]}]
    # The image sets the owner of the folder, and the worker uses this path.
    dockerfile = (FUNCTIONS.parent / "container/Dockerfile").read_text()
    assert 'VOLUME ["/work"]' in dockerfile
    assert "LLMREADY_WORK_DIR=/work" in dockerfile


def test_tasks_with_a_browser_are_larger(prod: Template) -> None:
    tasks = _tasks(prod)
    assert (tasks["plain"]["Cpu"], tasks["plain"]["Memory"]) == ("1024", "2048")
    assert (tasks["browser"]["Cpu"], tasks["browser"]["Memory"]) == ("1024", "4096")
    assert tasks["plain"]["container"]["Image"] != tasks["browser"]["container"]["Image"]
    dollars = {
        kind: float(task["variables"]["LLMREADY_TASK_DOLLARS_PER_HOUR"]) for kind, task in tasks.items()
    }
    assert 0 < dollars["plain"] < dollars["browser"]
    launcher = prod.functions()["dispatcher"]["Properties"]["Environment"]["Variables"]
    kinds = {name: kind for kind, task in tasks.items() for name in prod.resources if _is(prod, name, task)}
    assert kinds[target(launcher["LLMREADY_TASK_DEFINITION"])] == "plain"
    assert kinds[target(launcher["LLMREADY_BROWSER_TASK_DEFINITION"])] == "browser"


def _is(template: Template, name: str, task: dict[str, Any]) -> bool:
    return bool(template.resources[name]["Properties"].get("Family") == task["Family"])


def test_task_has_exactly_these_permissions(prod: Template) -> None:
    take = {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
    }
    files = {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"}
    assert (
        prod.actions(_task_role(prod))
        == _items("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem") | take | SEND | files
    )


def test_responses_are_shared_only_if_the_setting_is_on(
    prod: Template, synthesise: Callable[..., Template]
) -> None:
    sharing = synthesise("prod", shared_cache="true")
    for template, shares in ((prod, False), (sharing, True)):
        for task in _tasks(template).values():
            assert task["variables"]["LLMREADY_SHARED_CACHE"] == str(shares).lower()
        rights = json.dumps(template.statements(_task_role(template)))
        assert ("shared/*" in rights) is shares
        rules = template.archives()["Properties"]["LifecycleConfiguration"]["Rules"]
        shared = [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == "shared/"]
        assert shared == ([1] if shares else [])
    assert sharing.actions(_task_role(sharing)) == prod.actions(_task_role(prod))


# Monitoring


def test_each_alarm_exists(prod: Template) -> None:
    sections = {
        entry["Properties"]["AlarmDescription"].rpartition("#")[2]
        for entry in prod.of("AWS::CloudWatch::Alarm").values()
    }
    assert sections == {
        *("dead-letters-generations", "dead-letters-mail", "dead-letters-webhook"),
        "oldest-unfinished",
        *("failure-rate", "server-errors", "functions-throttled", "table-throttled", "tasks-not-started"),
        *("dispatcher-silent", "mail-bounces", "archive-not-clean", "tasks-failed-to-start"),
    }
    assert prod.only("AWS::CloudWatch::Dashboard")


def test_budget_notifies_the_alarm_topic(prod: Template, dev: Template) -> None:
    budget = prod.only("AWS::Budgets::Budget")["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 20, "Unit": "USD"}
    topic = next(iter(prod.of("AWS::SNS::Topic")))
    told = {
        (entry["Notification"]["NotificationType"], entry["Notification"]["Threshold"])
        for entry in budget["NotificationsWithSubscribers"]
        if [target(subscriber["Address"]) for subscriber in entry["Subscribers"]] == [topic]
    }
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    assert not dev.all_of("AWS::Budgets::Budget")


def test_each_function_is_traced(prod: Template) -> None:
    modes = {entry["Properties"]["TracingConfig"]["Mode"] for entry in prod.functions().values()}
    assert modes == {"Active"}


# Schedules


def test_scheduled_functions(prod: Template) -> None:
    rules = {
        (rule["Properties"]["ScheduleExpression"], target(rule["Properties"]["Targets"][0]["Arn"]))
        for rule in prod.of("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule["Properties"]
    }
    assert rules == {
        ("rate(1 minute)", prod.function_name("dispatcher")),
        ("cron(0 0 1 * ? *)", prod.function_name("quota_reset")),
        ("cron(15,30,45 * 1-2 * ? *)", prod.function_name("quota_reset")),
        ("cron(0 2 * * ? *)", prod.function_name("cleanup")),
        ("cron(30 * * * ? *)", prod.function_name("cleanup")),
        ("rate(5 minutes)", prod.function_name("cleanup")),
    }


def test_stopped_task_triggers_the_dispatcher(prod: Template) -> None:
    (rule,) = [
        entry["Properties"]
        for entry in prod.of("AWS::Events::Rule").values()
        if entry["Properties"].get("EventPattern", {}).get("source") == ["aws.ecs"]
    ]
    assert rule["EventPattern"]["detail"]["lastStatus"] == ["STOPPED"]
    assert target(rule["Targets"][0]["Arn"]) == prod.function_name("dispatcher")


# Mail


def test_without_a_sender_there_is_no_identity_and_mails_are_logged(dev: Template) -> None:
    assert not dev.all_of("AWS::SES::EmailIdentity")
    variables = dev.functions()["notifier"]["Properties"]["Environment"]["Variables"]
    assert variables["LLMREADY_MAIL_PROVIDER"] == "none"
    assert "ses:SendEmail" not in dev.actions(dev.role_of("notifier"))


def test_the_senders_identity(prod: Template, synthesise: Callable[..., Template]) -> None:
    assert not prod.all_of("AWS::SES::EmailIdentity")  # the account's, see `make sender`
    assert prod.senders() == {"noreply@example.com"}
    domain = synthesise(
        "dev", mail_provider="ses", mail_sender="noreply@example.com", mail_domain="example.com"
    )
    variables = domain.functions()["notifier"]["Properties"]["Environment"]["Variables"]
    assert variables["LLMREADY_MAIL_IDENTITY"] == "example.com"
    assert domain.senders() == {"noreply@example.com"}


def test_mails_go_through_a_configuration_set(prod: Template) -> None:
    properties = prod.only("AWS::SES::ConfigurationSet")["Properties"]
    assert properties["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert properties["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    (told,) = [
        entry["Properties"]["EventDestination"]["MatchingEventTypes"]
        for entry in prod.of("AWS::SES::ConfigurationSetEventDestination").values()
        if "EventBridgeDestination" in entry["Properties"]["EventDestination"]
    ]
    assert sorted(told) == ["bounce", "complaint"]
    (rule,) = [
        entry["Properties"]
        for entry in prod.of("AWS::Events::Rule").values()
        if entry["Properties"].get("EventPattern", {}).get("source") == ["aws.ses"]
    ]
    assert rule["EventPattern"]["detail-type"] == ["Email Bounced", "Email Complaint Received"]
    assert target(rule["Targets"][0]["Arn"]) == prod.function_name("mail_events")
    variables = prod.functions()["notifier"]["Properties"]["Environment"]["Variables"]
    assert "Ref" in variables["LLMREADY_MAIL_CONFIGURATION_SET"]
    (send,) = [
        entry
        for entry in prod.statements(prod.role_of("notifier"))
        if "ses:SendEmail" in listed(entry["Action"])
    ]
    assert "configuration-set/" in json.dumps(send["Resource"])


def test_sendgrids_key_stays_in_its_secret(synthesise: Callable[..., Template]) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:sendgrid-AbCdEf"
    template = synthesise(
        "dev", mail_provider="sendgrid", mail_sender="noreply@example.com", sendgrid_secret=arn
    )
    variables = template.functions()["notifier"]["Properties"]["Environment"]["Variables"]
    assert variables["LLMREADY_SENDGRID_SECRET"] == arn
    readers = [
        folder
        for folder in template.functions()
        if arn in json.dumps(template.statements(template.role_of(folder)))
    ]
    assert readers == ["notifier"]
    layers = {folder: len(entry["Properties"]["Layers"]) for folder, entry in template.functions().items()}
    assert layers.pop("notifier") == 3  # the only function that finds SendGrid's package
    assert set(layers.values()) == {2}


# One template


def test_the_local_stage_lacks_only_resources_without_emulation(
    synthesise: Callable[..., Template], local: Template
) -> None:
    dev = synthesise("dev", mail_provider="ses", mail_sender="noreply@example.com", malware_scan="true")
    assert dev.counted() - local.counted() == {
        # The CDK's helpers that empty buckets, upload the web app and close the default security group.
        "AWS::IAM::Role": 4,
        "AWS::Lambda::Function": 3,
        "AWS::Logs::LogGroup": 1,
        "Custom::CDKBucketDeployment": 2,
        "Custom::S3AutoDeleteObjects": 2,
        "Custom::VpcRestrictDefaultSG": 1,
        # GuardDuty's plan, with the role it takes, above.
        "AWS::IAM::Policy": 2,
        "AWS::GuardDuty::MalwareProtectionPlan": 1,
        # Two alarms on a calculation, and that of the scanner.
        "AWS::CloudWatch::Alarm": 3,
        # Third-party packages, which the emulator's own Python has, and the AWS CLI of both uploads.
        "AWS::Lambda::LayerVersion": 3,
    }
    assert not local.counted() - dev.counted()


def test_names_and_accounts_are_left_to_the_deploy(prod: Template) -> None:
    for kind, name in (
        ("AWS::DynamoDB::Table", "TableName"),
        ("AWS::S3::Bucket", "BucketName"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::ECS::Cluster", "ClusterName"),
        ("AWS::SNS::Topic", "TopicName"),
    ):
        assert not any(name in entry["Properties"] for entry in prod.of(kind).values()), kind
    assert not any("FunctionName" in entry["Properties"] for entry in prod.functions().values())


DOCKER_DEFAULT = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def _task_role(template: Template) -> str:
    (role,) = {target(task["TaskRoleArn"]) for task in _tasks(template).values()}
    return role


def test_a_captcha_is_checked_with_its_secret_and_nothing_else(synthesise: Callable[..., Template]) -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:captcha-AbCdEf"
    template = synthesise("dev", captcha="turnstile", captcha_secret=secret)
    variables = template.functions()["auth"]["Properties"]["Environment"]["Variables"]
    assert variables["LLMREADY_CAPTCHA_URL"].startswith("https://challenges.cloudflare.com/")
    assert variables["LLMREADY_CAPTCHA_SECRET"] == secret
    reads = [
        statement["Resource"]
        for statement in template.statements(template.role_of("auth"))
        if statement["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert secret in json.dumps(reads)
