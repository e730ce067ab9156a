"""AWS prices in US dollars (us-east-1, on demand, without taxes) of November 2026. Other regions differ."""

from typing import Literal, NamedTuple

Architecture = Literal["arm64", "x86_64"]

# Spot prices change; for most of the year, they were below this share of the on-demand price.
SPOT_SHARE = 0.3
FARGATE_VCPU_HOUR: dict[Architecture, float] = {"arm64": 0.03238, "x86_64": 0.04048}
FARGATE_GB_HOUR: dict[Architecture, float] = {"arm64": 0.00356, "x86_64": 0.004445}
PUBLIC_IPV4_HOUR = 0.005
LAMBDA_GB_SECOND: dict[Architecture, float] = {"arm64": 0.0000133334, "x86_64": 0.0000166667}


class Price(NamedTuple):
    """A price, and the monthly amount that is permanently free for each account."""

    dollars: float
    free: float = 0.0

    def of(self, amount: float, *, allowance: bool) -> float:
        """Return the monthly cost of an amount, with or without the free allowance."""
        return self.dollars * max(0.0, amount - (self.free if allowance else 0.0))


LAMBDA_REQUEST = Price(0.20 / 1e6, 1e6)
LAMBDA_FREE_GB_SECONDS = 400_000
HTTP_REQUEST = Price(1.00 / 1e6)
TABLE_WRITE = Price(0.625 / 1e6)
TABLE_READ = Price(0.125 / 1e6)
TABLE_GB_MONTH = Price(0.25, 25)
TABLE_BACKUP_GB_MONTH = Price(0.20)
FILE_PUT = Price(0.005 / 1e3)
FILE_GET = Price(0.0004 / 1e3)
FILE_GB_MONTH = Price(0.023)
TRAFFIC_OUT_GB = Price(0.09, 100)
CDN_REQUEST = Price(1.00 / 1e6, 10e6)
CDN_GB = Price(0.085, 1000)
QUEUE_REQUEST = Price(0.40 / 1e6, 1e6)
LOG_GB = Price(0.50, 5)
METRIC_MONTH = Price(0.30, 10)
ALARM_MONTH = Price(0.10, 10)
DASHBOARD_MONTH = Price(3.00, 3)
TRACE = Price(5.00 / 1e6, 100_000)
MAIL = Price(0.10 / 1e3)
SECRET_MONTH = Price(0.40)
IMAGE_GB_MONTH = Price(0.10)
SCAN_GB = Price(0.09, 1)
SCAN_FILE = Price(0.215 / 1e3, 1000)


def task_hour(*, cpu: int, memory: int, architecture: Architecture, spot: bool = True) -> float:
    """Return the cost of one hour of a worker task with its public IP address.

    Args:
        cpu: CPU units (1024 is one vCPU).
        memory: MiB.
        architecture: Architecture of the processor.
        spot: Whether the task runs on Spot capacity.
    """
    on_demand = cpu / 1024 * FARGATE_VCPU_HOUR[architecture] + memory / 1024 * FARGATE_GB_HOUR[architecture]
    return round(on_demand * (SPOT_SHARE if spot else 1.0) + PUBLIC_IPV4_HOUR, 6)
