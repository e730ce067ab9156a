"""Find Chromium, its arguments, and the limits of its processes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROCESS_BYTES = 640 * 1024 * 1024
"""Private memory of one process of the browser. A page that needs more crashes without affecting other pages."""

VARIABLE = "LLMREADY_CHROMIUM"

# The headless shell takes half the time to start and half the memory of the whole browser. Debian's programs in
# PATH are shell scripts around these, and the container has no shell.
_PLACES = (
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "headless_shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)

_FEATURES_OFF = (
    # This list replaces Playwright's default arguments, so it repeats the important ones.
    "AcceptCHFrame,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,DialMediaRouteProvider"
    ",GlobalMediaControls,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding"
    ",ThirdPartyStoragePartitioning,Translate,AutoDeElevate,RenderDocument,OptimizationHints"
    # The address guard decides which addresses may be requested; nobody could answer a permission prompt.
    ",LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"
    ",Prerender2,Prerender2FallbackPrefetchSpecRules,SpeculationRulesPrefetchFuture,PreconnectToSearch"
    ",SpareRendererForSitePerProcess"
    ",WebRtcHideLocalIpsWithMdns,AsyncDns,DnsOverHttps"
    # The browser's own process would send requests that pages ask for with these, and reports to any address.
    ",FedCm,Reporting,NetworkErrorLogging,DeviceBoundSessions,BackgroundFetch"
)

# No feature switches off the prefetching of speculation rules in pages that are controlled from outside. With
# these limits, Chromium lets it wait forever. The second one includes requests with a high priority.
_FEATURES_ON = (
    "PrefetchMultipleActiveSetSizeLimitForBase:prefetch_multiple_active_set_size_limit_for_base_value/0"
    ",PrefetchSchedulerTesting:kPrefetchSchedulerTestingActiveSetSizeLimitForBase/0"
    "/kPrefetchSchedulerTestingActiveSetSizeLimitForBurst/0"
)

# The calls of Chromium's zygote: new user, process and network namespaces, then an empty root. A container may refuse
# only the last one.
_USERNS = (
    "import ctypes, os, sys; ctypes.CDLL(None).unshare(0x70000000) and sys.exit(1); "
    "os.chroot('/proc/self/fdinfo')"
)


def find_chromium(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the browser: from LLMREADY_CHROMIUM, from Debian's package, or from PATH, in this order.

    Raises: Failure (browser_missing).
    """
    if importlib.util.find_spec("playwright") is None:
        raise Failure(
            Code.BROWSER_MISSING,
            "Pages cannot be rendered here because Playwright for Python is not installed. Crawl without the "
            "browser option.",
        )
    named = environment.get(VARIABLE, "").strip()
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise Failure(
            Code.BROWSER_MISSING, f"{VARIABLE} names {named[:200]}, which is not an executable file."
        )
    for place in _PLACES:
        if os.access(place, os.X_OK):
            return Path(place)
    for name in _NAMES:
        found = shutil.which(name, path=environment.get("PATH"))
        if found:
            return Path(found)
    raise Failure(
        Code.BROWSER_MISSING,
        "Pages cannot be rendered here because Chromium is not installed (on Debian: apt install "
        "chromium-headless-shell). Crawl without the browser option.",
    )


def arguments(proxy: str) -> list[str]:
    """Return the arguments with which the browser can reach the network only through the proxy.

    Args:
        proxy: Address of the proxy as `host:port`.
    """
    host = proxy.partition(":")[0]
    return [
        f"--proxy-server=http://{proxy}",
        # Without this, Chromium connects to loopback addresses directly.
        "--proxy-bypass-list=<-loopback>",
        # Only the proxy resolves names, so the guard sees every address.
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}",
        "--dns-prefetch-disable",
        "--disable-quic",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        f"--disable-features={_FEATURES_OFF}",
        f"--enable-features={_FEATURES_ON}",
        "--disable-background-networking",
        "--disable-domain-reliability",
        "--disable-component-update",
        "--disable-sync",
        "--disable-remote-fonts",
        "--disable-3d-apis",
        "--disable-gpu",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--disable-notifications",
        "--disable-file-system",
        "--no-pings",
        "--no-first-run",
        "--mute-audio",
        # The /dev/shm of a container has 64 MB, which cannot be changed on Fargate.
        "--disable-dev-shm-usage",
    ]


def may_sandbox() -> bool:
    """Return whether Chromium can use its own sandbox.

    The sandbox needs user namespaces, which containers without capabilities and some kernels refuse, and does
    not run as root. Without it, the confinement of the crawler protects the task. The crawler is another user
    without capabilities and credentials, and its only network access is the proxy.
    """
    if os.geteuid() == 0:
        return False
    if sys.platform != "linux":
        return True
    return subprocess.run([sys.executable, "-I", "-S", "-c", _USERNS], check=False).returncode == 0


def limit_memory(program: Path, limit: int = PROCESS_BYTES) -> None:
    """Limit the private memory of each process of the browser that this process started (Linux only).

    It is set after the start, because Playwright's driver reserves more memory than a page may have. Later
    child processes inherit the limit.

    Args:
        program: Path of the browser.
        limit: Limit for each process, in bytes.
    """
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - Unix only

    for pid in browser_processes(program):
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


def end_browser(program: Path, *, driver: bool) -> None:
    """Kill the remaining processes of the browser that this process started, and Playwright's driver if wanted."""
    for pid in browser_processes(program, driver=driver) if sys.platform == "linux" else ():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def browser_processes(program: Path, *, driver: bool = False) -> list[int]:
    """Return the processes of the browser that this process started, with Playwright's driver if wanted."""
    found = []
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            command, *arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if program.name in command.decode(errors="replace") or (driver and b"run-driver" in arguments):
                found.append(pid)
    return found


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # proc_pid_stat(5): the name in parentheses may contain any character, so fields are counted from its
                # end.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            yield child
            waiting.append(child)
