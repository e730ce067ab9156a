"""The stored data: the table, the bucket of archives, and the secret that signs tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.checks import acknowledge
from llmready.domain.generation_files import BUCKET_LIFETIME

if TYPE_CHECKING:
    from aws_cdk import CfnElement

    from infra.stage import Stage

ARCHIVES = "generations/*"
CHECKPOINTS = "checkpoints/*"
SHARED_ANSWERS = "shared/*"

# Actions on items. The parts of a transaction are authorised as these actions, too.
GET = "dynamodb:GetItem"
GET_MANY = "dynamodb:BatchGetItem"
QUERY = "dynamodb:Query"
PUT = "dynamodb:PutItem"
UPDATE = "dynamodb:UpdateItem"
DELETE = "dynamodb:DeleteItem"
DELETE_MANY = "dynamodb:BatchWriteItem"
CHECK = "dynamodb:ConditionCheckItem"


class Storage(Construct):
    """Table, bucket and signing secret.

    Plans keep files for at most 365 days; then the cleanup function deletes them. The bucket's lifecycle rule deletes
    files that the cleanup function missed.

    Args:
        protected: whether the table is protected from deletion. The rollback of a first deploy must be able to delete
            the stack. Protection therefore begins after the first successful deploy.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, protected: bool) -> None:
        super().__init__(scope, construct_id)
        # A first deploy that fails must leave nothing behind; otherwise each retry adds another table and bucket.
        removal = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retain_data else RemovalPolicy.DESTROY
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ttl",
            deletion_protection=stage.retain_data and protected,
            removal_policy=removal,
        )
        self._add_index("due", "due_kind", "due_at")
        self._add_index("by_user", "user_id", "sk")
        self._add_index("by_website", "user_website", "generation_id")
        self._add_index("by_status", "user_status", "generation_id")
        self._add_index("by_website_status", "website_status", "generation_id")

        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    expiration=Duration.days(BUCKET_LIFETIME.days),
                ),
                s3.LifecycleRule(prefix=CHECKPOINTS.rstrip("*"), expiration=Duration.days(1)),
                *(
                    [s3.LifecycleRule(prefix=SHARED_ANSWERS.rstrip("*"), expiration=Duration.days(1))]
                    if stage.shared_cache
                    else []
                ),
            ],
            cors=_cors(stage),
            removal_policy=removal,
            auto_delete_objects=stage.custom_resources and not stage.retain_data,
        )
        acknowledge(
            self.bucket,
            "S1",
            because="archives are fetched only by presigned URLs, and the API logs each request for one",
        )
        self.signing_secret = secretsmanager.Secret(
            self,
            "SigningSecret",
            description="Signs LLMReady's access and refresh tokens",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"kid": "k1"}',  # noqa: S106 (the secret itself is generated)
                generate_string_key="secret",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=removal,
        )

        acknowledge(
            self.signing_secret,
            "SMG4",
            because="`llmready admin rotate-signing-key` rotates it; the previous key stays valid for a limited time",
        )

    def grant_table(self, grantee: iam.IGrantable, *actions: str, indexes: tuple[str, ...] = ()) -> None:
        """Allow ``actions`` on the table's items and queries on the named indexes."""
        grant_on(grantee, [self.table.table_arn], *actions)
        if indexes:
            grant_on(grantee, [f"{self.table.table_arn}/index/{index}" for index in indexes], QUERY)

    def grant_archives(self, grantee: iam.IGrantable, *actions: str) -> None:
        """Allow ``actions`` on the archives in the bucket."""
        self._grant_below(
            grantee,
            ARCHIVES,
            *actions,
            because="archives of all users are under this prefix; their keys are not known in advance",
        )

    def grant_shared_answers(self, grantee: iam.IGrantable) -> None:
        """Allow reading and writing the HTTP caches that all crawls of a host share."""
        self._grant_below(
            grantee,
            SHARED_ANSWERS,
            "s3:GetObject",
            "s3:PutObject",
            because="the hosts that will be crawled are not known in advance",
        )

    def grant_checkpoints(self, grantee: iam.IGrantable) -> None:
        """Allow reading, writing and deleting checkpoints."""
        self._grant_below(
            grantee,
            CHECKPOINTS,
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            because="which generations are interrupted is only known later",
        )

    def grant_deleting_archives(self, grantee: iam.IGrantable) -> None:
        """Allow listing and deleting archives."""
        self.grant_archives(grantee, "s3:DeleteObject")
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": ARCHIVES}},
            )
        )

    def grant_deleting_users_files(self, grantee: iam.IGrantable) -> None:
        """Allow listing and deleting archives and checkpoints, which are all files of an account in the bucket."""
        self.grant_archives(grantee, "s3:DeleteObject")
        self._grant_below(
            grantee,
            CHECKPOINTS,
            "s3:DeleteObject",
            because="which generations are interrupted is only known later",
        )
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [ARCHIVES, CHECKPOINTS]}},
            )
        )

    def archive_findings(self) -> tuple[str, ...]:
        """Return cdk-nag's findings for permissions on archives, whose keys are not known in advance."""
        return (self._finding(ARCHIVES),)

    def grant_signing_secret(self, grantee: iam.IGrantable) -> None:
        """Allow reading the signing secret."""
        grant_on(grantee, [self.signing_secret.secret_arn], "secretsmanager:GetSecretValue")

    def _grant_below(self, grantee: iam.IGrantable, prefix: str, *actions: str, because: str) -> None:
        """Allow ``actions`` on all objects with a prefix, and acknowledge the wildcard with a reason."""
        grant_on(grantee, [self.bucket.arn_for_objects(prefix)], *actions)
        role = grantee.grant_principal
        if isinstance(role, Construct):
            acknowledge(role, self._finding(prefix), because=because)

    def _finding(self, prefix: str) -> str:
        """Return cdk-nag's finding for a permission on all objects with a prefix."""
        bucket = Stack.of(self).get_logical_id(cast("CfnElement", self.bucket.node.default_child))
        return f"IAM5[Resource::<{bucket}.Arn>/{prefix}]"

    def _add_index(self, name: str, partition: str, sort: str) -> None:
        # Keys only: a page of a list skips small entries, and progress updates do not change the index.
        self.table.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=partition, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort, type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )


def _cors(stage: Stage) -> list[s3.CorsRule] | None:
    """Return the CORS rule that allows pages of the stage's origins to fetch presigned URLs.

    They request the URL with ``?redirect=false``. After a redirect between two other origins, a browser sends
    the origin ``null``, and no rule can allow this origin.
    """
    if not stage.cors_origins:
        return None
    return [
        s3.CorsRule(
            allowed_origins=list(stage.cors_origins),
            allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
            allowed_headers=["range"],
            exposed_headers=["Content-Disposition", "Content-Length", "Content-Range", "ETag"],
            max_age=3600,
        )
    ]


def grant_on(grantee: iam.IGrantable, resources: list[str], *actions: str) -> None:
    """Add exactly these actions on exactly these resources to the grantee's role."""
    iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=resources)
