# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command is run in a network namespace of a machine, by root or by a user with sudo."""

from __future__ import annotations

#: What the script below ends with, and says first, when the command has not been started.
NOT_ENTERED = 125
_SIGN = "tcpip.lab.netns: "
#: Arguments: the namespace, a command for sh, and whether input comes to an end, which who sends it must be able to do.
#: It is root for entering only. On one line, as not every user's shell takes a quoted word over several. What sudo sets
#: although it keeps the rest (-E) is set back.
_ENTER = " ".join(
    f"""
    PATH=$PATH:/usr/sbin:/sbin;
    input=$3;
    refuse() {{ echo "{_SIGN}$1" >&2; [ -z "$input" ] || cat >/dev/null; exit {NOT_ENTERED}; }};
    [ -e "/run/netns/$1" ] || refuse "there is no network namespace $1";
    [ "$(stat -f -c %T "/run/netns/$1")" = nsfs ] || refuse "$1 is no network namespace any more";
    [ "$(id -u)" -ne 0 ] || exec ip netns exec "$1" /bin/sh -c "$2";
    sudo -n -E true 2>/dev/null || refuse "to enter a namespace, $(id -un) needs sudo without a password";
    exec sudo -n -E ip netns exec "$1"
    setpriv --reuid "$(id -u)" --regid "$(id -g)" --groups "$(id -G | tr ' ' ,)" --
    env HOME="$HOME" USER="$(id -un)" LOGNAME="$(id -un)" PATH="$PATH" /bin/sh -c "$2"
    """.split()
)


def command(netns: str, inside: str, has_input: bool = False) -> list[str]:
    """The command for the machine that runs C(inside), for sh, in the namespace, as the user who calls it.

    :param has_input: it is sent input that ends; where it is refused, that is read first, so that no pipe breaks.
    """
    return ["/bin/sh", "-c", _ENTER, "sh", netns, inside, "input" if has_input else ""]


def refusal(said: str) -> str | None:
    """Why the namespace was not entered, if the command said so."""
    _before, sign, reason = said.partition(_SIGN)
    return reason.splitlines()[0] if sign else None
