"""Clients of the emulator for the local system itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from infra.local.child import LOCAL_REGION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 2},
    s3={"addressing_style": "path"},
    max_pool_connections=4,
)


def forget_accounts() -> None:
    """Remove all AWS settings of the user from the environment of this process."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


class Clients:
    """Clients of the emulator, one for each service.

    Args:
        endpoint: the emulator's base URL.
    """

    def __init__(self, endpoint: str) -> None:
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (the emulator takes any)
            region_name=LOCAL_REGION,
        )
        self.cloudformation: CloudFormationClient = session.client(
            "cloudformation", endpoint_url=endpoint, config=_CONFIG
        )
        self.cloudfront: Any = session.client("cloudfront", endpoint_url=endpoint, config=_CONFIG)
        self.dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=endpoint, config=_CONFIG)
        self.ecs: ECSClient = session.client("ecs", endpoint_url=endpoint, config=_CONFIG)
        self.sesv2: Any = session.client("sesv2", endpoint_url=endpoint, config=_CONFIG)
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint, config=_CONFIG)
