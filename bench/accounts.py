"""Measure login times, warm routes and cold starts.

    .venv/bin/python -m bench.accounts [--pairs 5000] [--accounts 1000] [--only login,routes,imports]

`login` calls the function in this process, with a separate table in the emulator and raised limits: a wrong password
for an address with an account and for one without, alternately. `routes` calls the local system. The emulator's own
time is measured with a function that does nothing. The bulk request adds 50 websites, one of them invalid. `imports`
starts each function as Lambda does, only from its deployed folder and layers, and creates its first AWS client: CPU
time, median of nine.
"""

import argparse
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.metadata import files
from pathlib import Path

import boto3
import httpx

from infra.constructs.bytecode import FUNCTION_AT, LAYERS_AT, SourceBundling, add_bytecode
from infra.constructs.layers import CORE, DependencyBundling, ThisMachine
from infra.local.distribution import origin_headers
from llmready.observability import logger
from testkit.emulator import running_ministack
from testkit.service import PASSWORD, Service
from testkit.system import System

ROOT = Path(__file__).parent.parent
STARTS = 9
GAP_LIMIT, ROUTE_LIMIT, IMPORT_LIMIT = 5.0, 10.0, 400.0  # milliseconds
# Each address may fail nine times before it is locked.
FAILURES = 9
# Packages that the Lambda runtime contains.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "python-dateutil", "six")
START = """
import json, resource, sys
sys.path[:0] = json.loads(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF)
import handler
if sys.argv[2] != "public":
    from llmready import bootstrap
    bootstrap.client("dynamodb")
after = resource.getrusage(resource.RUSAGE_SELF)
print((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
"""
NOTHING = "def handler(event, context):\n    return {'statusCode': 200, 'body': ''}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=5000, help="logins per kind")
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=200, help="requests per route")
    parser.add_argument("--only", default="imports,routes,login")
    options = parser.parse_args()
    if options.pairs > options.accounts * FAILURES:
        raise SystemExit(f"{options.accounts} accounts allow {options.accounts * FAILURES} pairs at most")
    parts = options.only.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        if "imports" in parts:
            imports(Path(scratch))
        if "routes" in parts:
            routes(Path(scratch) / "data", options.calls)
        if "login" in parts:
            logins(Path(scratch), options.pairs, options.accounts)


def imports(scratch: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": "measured",
        # Without it, X-Ray's SDK would request sampling rules like a server.
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # On Lambda, the folders of functions and layers are read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    layers = _layers(scratch)
    print(f"\nimport and first client, CPU ms, median of {STARTS} (at most {IMPORT_LIMIT:.0f})")
    for handler in sorted((ROOT / "functions").glob("*/handler.py")):
        folder = scratch / "functions" / handler.parent.name
        SourceBundling(handler.parent, FUNCTION_AT).try_bundle(str(folder))
        command = [sys.executable, "-S", "-c", START, json.dumps([str(folder), *layers]), folder.name]
        took = [
            float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
            for _ in range(STARTS)
        ]
        print(f"{folder.name:>14} {statistics.median(took):>7.0f}", flush=True)


def _layers(scratch: Path) -> list[str]:
    """Return the folders that functions import from: the deployed layers, and Lambda's own packages.

    Lambda's packages contain bytecode as well, because pip compiles them.
    """
    packages, core, runtime = (scratch / name for name in ("packages", "core", "runtime"))
    DependencyBundling(ThisMachine()).try_bundle(str(packages))
    SourceBundling(CORE, LAYERS_AT).try_bundle(str(core))
    site = Path(boto3.__file__).parent.parent
    for package in RUNTIME:
        for name in {file.parts[0] for file in files(package) or [] if file.parts[0] != ".."}:
            if (site / name).is_dir():
                shutil.copytree(site / name, runtime / name)
            else:
                shutil.copy(site / name, runtime)
    add_bytecode(runtime, str(runtime))
    return [str(packages / "python"), str(core / "python"), str(runtime)]


def routes(data: Path, calls: int) -> None:
    system = System(data).start()
    try:
        person = system.user("pro")
        website = person.website("https://www.python.org")
        api = f"{system.endpoints['aws']}/_aws/execute-api/{_api(system)}/$default/api/v1"
        nothing = _nothing(system)
        paths = ("plans", "auth/me", "websites", f"websites/{website}", "generations/quota/check")
        (distribution,) = system.aws("cloudfront").list_distributions()["DistributionList"]["Items"]
        added = origin_headers(system.aws("cloudfront"), distribution["Id"])
        with httpx.Client(headers={**person.http.headers, **added}, timeout=60) as client:
            times: dict[str, list[float]] = {path: [] for path in ("", *paths)}
            for turn in range(calls + 10):
                for path, taken in times.items():
                    began = time.perf_counter()
                    answer = client.get(f"{api}/{path}" if path else nothing)
                    took = time.perf_counter() - began
                    if answer.status_code != 200:
                        raise SystemExit(f"{path} answered {answer.status_code}: {answer.text}")
                    if turn >= 10:
                        taken.append(took * 1000)
            bulks = [_bulk(client, f"{api}/websites/bulk", turn) for turn in range(5)]
    finally:
        system.stop()
    own = statistics.median(times.pop(""))
    print(
        f"\nwarm routes, ms, median of {calls}: beside the emulator's own {own:.1f} (at most {ROUTE_LIMIT:.0f})"
    )
    for path, taken in times.items():
        print(f"{path.replace(website, '{id}'):>24} {statistics.median(taken) - own:>6.1f}")
    print(
        f"50 websites added at once, one of them invalid, s, median of 5: {statistics.median(bulks):.2f} (at most 2)"
    )


def _bulk(client: httpx.Client, url: str, turn: int) -> float:
    """Return the seconds for adding 49 websites and an invalid one."""
    sites = [{"url": f"https://site{number}.turn{turn}.example.com"} for number in range(49)]
    began = time.perf_counter()
    answer = client.post(url, json={"create": [*sites, {"url": "ftp://example.com"}]})
    took = time.perf_counter() - began
    statuses = [result["status"] for result in answer.json()["results"]]
    if statuses != [201] * 49 + [422]:
        raise SystemExit(f"the bulk answered {answer.text}")
    return took


def _api(system: System) -> str:
    (api,) = system.aws("apigatewayv2").get_apis()["Items"]
    return str(api["ApiId"])


def _nothing(system: System) -> str:
    """Return the URL of a function that does nothing."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", NOTHING)
    function = system.aws("lambda").create_function(
        FunctionName="nothing",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/nothing",
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
    )
    gateway = system.aws("apigatewayv2")
    api = gateway.create_api(Name="nothing", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{system.endpoints['aws']}/_aws/execute-api/{api}/$default/"


def logins(scratch: Path, pairs: int, accounts: int) -> None:
    (scratch / "ministack").mkdir()
    with running_ministack(scratch / "ministack") as emulator:
        place = emulator.place()
        secret = emulator.client("secretsmanager").create_secret(
            Name=place.name, SecretString=json.dumps({"kid": "k1", "secret": "s" * 64})
        )
        os.environ |= place.environment(
            signing_secret=secret["ARN"],
            registrations_per_minute=10**9,
            logins_per_minute=10**9,
            mail_provider="none",
        )
        logger.setLevel("CRITICAL")
        service = Service(place)
        known = [f"known.{number}@example.org" for number in range(accounts)]
        unknown = [f"nobody.{number}@example.org" for number in range(accounts)]
        for address in known:
            if (status := service.register(address).status) != 201:
                raise SystemExit(f"signing up answered {status}")
        times: dict[bool, list[float]] = {True: [], False: []}
        for pair in range(pairs):
            turns = [(True, known[pair % accounts]), (False, unknown[pair % accounts])]
            for is_known, address in random.sample(turns, 2):
                times[is_known].append(_login(service, address))
    medians = {is_known: statistics.median(taken) for is_known, taken in times.items()}
    gap = abs(medians[True] - medians[False])
    print(
        f"\nlogin with a wrong password, ms, medians of {pairs} over {accounts} accounts: known address "
        f"{medians[True]:.1f}, unknown {medians[False]:.1f}, gap {gap:.2f} (less than {GAP_LIMIT:.0f})"
    )


def _login(service: Service, address: str) -> float:
    began = time.perf_counter()
    status = service.login(address, PASSWORD + "!").status
    took = time.perf_counter() - began
    if status != 401:
        raise SystemExit(f"a login answered {status}")
    return took * 1000


if __name__ == "__main__":
    main()
