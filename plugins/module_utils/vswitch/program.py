# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the switch: C(python3 -m vswitch), in the directory in which its files are.

serve USER [HOOK]: be the switch, as the user, with the function C(treat) of the Python file HOOK between receive and
forward. It is started as root, whose Python may lie where others cannot go, and is that user before it hears anything.
show: the ports and the table. add PORT, delete PORT: change the ports of the running switch; add has to be run in the
namespace of the switch, as C(ip netns exec) does. age SECONDS: how long a station is remembered.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from collections.abc import Callable
from typing import Any

from . import control
from .loop import Hook, Loop, say
from .port import open_port

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data")
USAGE = "usage: python3 -m vswitch show | add PORT | delete PORT | age SECONDS | serve USER [HOOK]"
NO_NEW_PRIVS = 38  # linux/prctl.h


def serve(user: str, hook: str = "") -> None:
    """Be the switch."""
    text = read(hook) if hook else ""
    os.chdir(DATA)
    ear = control.offer(control.CONTROL)
    drop_privileges(user)
    loop = Loop(ear, load(text) if hook else None)
    say("ready")
    loop.run()


def read(path: str) -> str:
    """The reader's file."""
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def load(text: str) -> Hook:
    """The function in the reader's file."""
    names: dict[str, Any] = {"__name__": "hook"}
    exec(compile(text, "hook.py", "exec"), names)  # noqa: S102
    treat: Hook = names["treat"]
    return treat


def drop_privileges(name: str) -> None:
    """Become an unprivileged user for good, and so will whatever a hook starts."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if ctypes.CDLL(None).prctl(NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("the kernel does not let go of privileges for good")


def show() -> None:
    """Print the ports and the table."""
    found = request({"do": "show"})
    lines = [f"ageing time {found['ageing_time']:g} s"]
    lines += [
        "port {name}: {received} received, {sent} sent, {dropped} dropped".format(**each) for each in found["ports"]
    ]
    lines += ["{mac} is behind {port}, heard {age} s ago".format(**each) for each in found["table"]]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def add(name: str) -> None:
    """Add a port. The socket is opened here, as root, and handed over."""
    with open_port(name) as port:
        request({"do": "add", "port": name}, port)


def delete(name: str) -> None:
    """Delete a port."""
    request({"do": "delete", "port": name})


def age(seconds: str) -> None:
    """Change how long a station is remembered."""
    request({"do": "age", "seconds": seconds})


def request(what: dict[str, str], *sockets: Any) -> Any:
    """Ask the running switch."""
    os.chdir(DATA)
    with control.connect(control.CONTROL) as connection:
        there = os.stat(f"/proc/{control.peer(connection)}/ns/net").st_ino
        if sockets and os.stat("/proc/self/ns/net").st_ino != there:
            raise control.RefusedError("this is not the namespace of the switch: use ip netns exec")
        return control.ask(connection, what, sockets)


def main() -> None:
    """The command line."""
    commands: dict[str, tuple[Callable[..., None], tuple[int, ...]]] = {
        "serve": (serve, (1, 2)),
        "show": (show, (0,)),
        "add": (add, (1,)),
        "delete": (delete, (1,)),
        "age": (age, (1,)),
    }
    name, *words = sys.argv[1:] or [""]
    if name not in commands or len(words) not in commands[name][1]:
        raise SystemExit(USAGE)
    try:
        commands[name][0](*words)
    except OSError as error:
        raise SystemExit(f"vswitch: {error.strerror or error}") from None
    except control.RefusedError as error:
        raise SystemExit(f"vswitch: {error}") from None


if __name__ == "__main__":
    main()
