# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``browser.py [--site PLACE] [--width PIXELS] PAGE [light|dark]``: asks a page what an expression comes to.

The page is opened in Chromium, and the expression is what comes from the input.

It prints, as JSON, the ``answer``, the ``requests`` that the page has made, and what Chromium has ``complained`` of.
The page is a copy in a directory of a user without rights, as whom the browser runs, and so is the site that it is of,
if it is of one. It is spoken to by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol), through
the pipes 3 and 4. What is asked that way is answered although the page itself may run no script.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import typing as t

NOBODY = 65534
#: What asks nobody for anything but the page itself.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND"
LIMIT_S = 120

Message = dict[str, t.Any]


class Browser:
    """A browser without a window, by its pipes."""

    def __init__(self, home: str, command: list[str]) -> None:
        theirs, ours = os.pipe()
        answers, told = os.pipe()
        pipes = [(os.POSIX_SPAWN_DUP2, theirs, 3), (os.POSIX_SPAWN_DUP2, told, 4)]
        environment = {"HOME": home, "PATH": os.environ["PATH"]}
        self._pid = os.posix_spawnp(command[0], command, environment, file_actions=pipes, setsid=True)
        os.close(theirs)
        os.close(told)
        self._to, self._from = os.fdopen(ours, "wb"), os.fdopen(answers, "rb")
        self._rest = b""
        self._numbers = itertools.count(1)
        self.session = ""
        self.events: list[Message] = []

    def ask(self, method: str, **parameters: t.Any) -> Message:
        """The result of a method. What is told meanwhile is kept."""
        order: Message = {"id": next(self._numbers), "method": method, "params": parameters}
        self._to.write(json.dumps(order | ({"sessionId": self.session} if self.session else {})).encode() + b"\0")
        self._to.flush()
        while True:
            said = self._next()
            if said.get("id") == order["id"]:
                assert "error" not in said, said
                return t.cast("Message", said["result"])
            self.events.append(said)

    def wait_for(self, event: str) -> None:
        """Return when it was told."""
        while not any(each.get("method") == event for each in self.events):
            self.events.append(self._next())

    def _next(self) -> Message:
        while b"\0" not in self._rest:
            block = os.read(self._from.fileno(), 1 << 20)
            assert block, "the browser has ended"
            self._rest += block
        message, self._rest = self._rest.split(b"\0", 1)
        return t.cast("Message", json.loads(message))

    def end(self) -> None:
        """End it, with all processes that it has started."""
        self.session = ""
        with contextlib.suppress(AssertionError, BrokenPipeError):
            self.ask("Browser.close")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._to.close()
        self._from.close()


def command(home: str) -> list[str]:
    """The browser, as nobody. It shuts itself in, too, where the kernel lets nobody do so."""
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    can_shut_in = subprocess.run([*as_nobody, "unshare", "--user", "true"], capture_output=True, check=False)
    open_ = [] if can_shut_in.returncode == 0 else ["--no-sandbox"]
    how = [
        "--headless",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-pipe",
    ]
    return [*as_nobody, "chromium", *how, *QUIET, NOWHERE, *open_, f"--user-data-dir={home}/profile", "about:blank"]


def look(told: argparse.Namespace, expression: str) -> Message:
    """What the page is like, for somebody who wants it light or dark, in a window of a width."""
    with tempfile.TemporaryDirectory(prefix="browser") as home:
        copied = copy(told.page, told.site, pathlib.Path(home))
        for path in (pathlib.Path(home), *pathlib.Path(home).rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        browser = Browser(home, command(home))
        try:
            return _look(browser, copied.as_uri(), told.scheme, told.width, expression)
        finally:
            browser.end()


def copy(page: pathlib.Path, site: pathlib.Path | None, home: pathlib.Path) -> pathlib.Path:
    """Where a page is that was copied, with its site if it is of one."""
    if site:
        shutil.copytree(site, home / "site")
        return home / "site" / page.relative_to(site)
    return pathlib.Path(shutil.copyfile(page, home / "page.html"))


def _look(browser: Browser, address: str, scheme: str, width: int, expression: str) -> Message:
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        browser.ask(f"{domain}.enable")
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
    browser.ask("Page.navigate", url=address)
    browser.wait_for("Page.loadEventFired")
    answer = browser.ask("Runtime.evaluate", expression=f"JSON.stringify({expression})", returnByValue=True)
    assert "exceptionDetails" not in answer, answer
    told = [(each["method"], each["params"]) for each in browser.events if "method" in each]
    requests = [what["request"]["url"] for method, what in told if method == "Network.requestWillBeSent"]
    wrong = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    return {
        "answer": json.loads(answer["result"]["value"]),
        "requests": [each for each in requests if each != address],
        "complained": [what for method, what in told if method in wrong],
    }


def main() -> None:
    """The command line."""
    signal.alarm(LIMIT_S)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("scheme", nargs="?", default="light")
    parser.add_argument("--site", type=pathlib.Path)
    parser.add_argument("--width", type=int, default=1400)
    print(json.dumps(look(parser.parse_args(), sys.stdin.read())))


if __name__ == "__main__":
    main()
