"""Chromium as a process: where it is, how it is started, what it may use."""

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
"""Private memory of one process of the browser. A page that wants more crashes, and nothing else does."""

VARIABLE = "LLMREADY_CHROMIUM"

# The headless shell starts in half the time and takes half the memory of the whole browser. Debian's
# programs in PATH are shell scripts around these, and the container has no shell.
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
    # Playwright's own list is lost when another one is given, so what matters of it stands here as well.
    "AcceptCHFrame,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,DialMediaRouteProvider"
    ",GlobalMediaControls,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding"
    ",ThirdPartyStoragePartitioning,Translate,AutoDeElevate,RenderDocument,OptimizationHints"
    # Whether an address may be asked is the guard's to say, and prompts have nobody to answer them.
    ",LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"
    ",Prerender2,SpeculationRulesPrefetchFuture,PreconnectToSearch,SpareRendererForSitePerProcess"
    ",WebRtcHideLocalIpsWithMdns,AsyncDns,DnsOverHttps"
)

# What Chromium's zygote does: user, process and network namespaces of its own, then an empty root. A container may
# refuse the last alone.
_USERNS = (
    "import ctypes, os, sys; ctypes.CDLL(None).unshare(0x70000000) and sys.exit(1); "
    "os.chroot('/proc/self/fdinfo')"
)


def find_chromium(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the browser: the one that LLMREADY_CHROMIUM names, else Debian's, else one in PATH.

    Raises: Failure (browser_missing).
    """
    if importlib.util.find_spec("playwright") is None:
        raise Failure(
            Code.BROWSER_MISSING,
            "Pages cannot be rendered here because Playwright for Python is not installed; crawl without the "
            "browser option.",
        )
    named = environment.get(VARIABLE, "").strip()
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise Failure(
            Code.BROWSER_MISSING, f"{VARIABLE} names {named[:200]}, which is no program that can be started."
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
        "chromium-headless-shell); crawl without the browser option.",
    )


def arguments(proxy: str) -> list[str]:
    """Return what keeps a browser off every network but the proxy, at `host:port`."""
    host = proxy.partition(":")[0]
    return [
        f"--proxy-server=http://{proxy}",
        # Without this, Chromium goes to loopback addresses directly.
        "--proxy-bypass-list=<-loopback>",
        # Names are the proxy's to resolve: no prefetch, no leak, no address that the guard has not seen.
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}",
        "--dns-prefetch-disable",
        "--disable-quic",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        f"--disable-features={_FEATURES_OFF}",
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
        # A container's /dev/shm has 64 MB, on Fargate without a way to ask for more.
        "--disable-dev-shm-usage",
    ]


def may_sandbox() -> bool:
    """Say whether Chromium can have its own sandbox.

    It is built on user namespaces, which containers without capabilities and some kernels refuse, and it
    refuses to run as root. Where it is missing, the crawler's own confinement is what holds: another user, no
    capabilities, no credentials, no network but the guard's.
    """
    if os.geteuid() == 0:
        return False
    if sys.platform != "linux":
        return True
    return subprocess.run([sys.executable, "-I", "-S", "-c", _USERNS], check=False).returncode == 0


def limit_memory(program: Path, limit: int = PROCESS_BYTES) -> None:
    """Bound the private memory of the browser that this process started, in bytes a process.

    Set from outside and after the start, because Playwright's driver in between reserves more than a page may
    have; processes that are forked later inherit it. Linux only.
    """
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - Unix only

    for pid in _processes(program):
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


def end_browser(program: Path) -> None:
    """Kill what is left of the browser that this process started."""
    for pid in _processes(program) if sys.platform == "linux" else ():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _processes(program: Path) -> list[int]:
    found = []
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            if program.name in Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode():
                found.append(pid)
    return found


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # proc_pid_stat(5): the name in brackets may hold anything, so count from its end.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            yield child
            waiting.append(child)
