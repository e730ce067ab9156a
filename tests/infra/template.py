"""Read a synthesised template."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

Resource = dict[str, Any]


class Template:
    def __init__(self, body: dict[str, Any], assembly: Path):
        self.body = body
        self.assembly = assembly
        self.resources: dict[str, Resource] = body["Resources"]

    def of(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type by logical ID; there must be at least one."""
        found = self.all_of(kind)
        assert found, f"no {kind} in the template"
        return found

    def all_of(self, kind: str) -> dict[str, Resource]:
        return {name: entry for name, entry in self.resources.items() if entry["Type"] == kind}

    def only(self, kind: str) -> Resource:
        found = self.of(kind)
        assert len(found) == 1, sorted(found)
        return next(iter(found.values()))

    def kinds(self) -> set[str]:
        return {entry["Type"] for entry in self.resources.values()}

    def counted(self) -> Counter[str]:
        """How many resources there are of each type."""
        return Counter(entry["Type"] for entry in self.resources.values())

    def functions(self) -> dict[str, Resource]:
        """Our own functions by their folder."""
        return {
            entry["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: entry
            for entry in self.of("AWS::Lambda::Function").values()
            if "POWERTOOLS_SERVICE_NAME" in entry["Properties"].get("Environment", {}).get("Variables", {})
        }

    def output(self, name: str) -> Resource:
        """Return the resource that an output of the stack names."""
        return self.resources[target(self.body["Outputs"][name]["Value"])]

    def archives(self) -> Resource:
        """Return the bucket of archives."""
        return self.output("Bucket")

    def unpacked(self, code: Resource) -> int:
        """Return the bytes of a function's code or of a layer, as Lambda unpacks it."""
        folder = self.assembly / f"asset.{code['S3Key'].removesuffix('.zip')}"
        assert folder.is_dir(), folder
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    def function_name(self, folder: str) -> str:
        """The logical id of a folder's function."""
        return next(name for name, entry in self.resources.items() if entry is self.functions()[folder])

    def role_of(self, folder: str) -> str:
        return target(self.functions()[folder]["Properties"]["Role"])

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Every policy statement of a role."""
        assert "ManagedPolicyArns" not in self.resources[role]["Properties"], role
        found = [
            statement
            for policy in self.of("AWS::IAM::Policy").values()
            if role in [target(entry) for entry in policy["Properties"]["Roles"]]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]
        for policy in self.resources[role]["Properties"].get("Policies", []):
            found += policy["PolicyDocument"]["Statement"]
        return found

    def actions(self, role: str) -> set[str]:
        return {action for statement in self.statements(role) for action in listed(statement["Action"])}

    def senders(self) -> set[str]:
        """Return the addresses that the notifier's role may send mails from."""
        return {
            statement["Condition"]["StringEquals"]["ses:FromAddress"]
            for statement in self.statements(self.role_of("notifier"))
            if "ses:SendEmail" in listed(statement["Action"])
        }

    def policy_statements(self, kind: str, resource: str, reference: str) -> list[dict[str, Any]]:
        """The statements of the resource policies (of type ``kind``) that name ``resource``."""
        return [
            statement
            for policy in self.of(kind).values()
            if resource in json.dumps(policy["Properties"][reference])
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def target(reference: Any) -> str:
    """The logical id that a Ref or GetAtt points to."""
    if "Ref" in reference:
        return str(reference["Ref"])
    return str(reference["Fn::GetAtt"][0])


def denies_plain_http(statements: list[dict[str, Any]]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        and statement["Principal"] in ({"AWS": "*"}, "*")
        for statement in statements
    )
