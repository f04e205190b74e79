# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What holds for every module whose object is a long-lived command."""

    DOCUMENTATION = r"""
options:
  netns:
    description:
      - The namespace that it runs in, by the name that C(ip netns) knows it by. It has to exist.
      - Omitted or empty, it is the machine's own, the root network namespace.
    type: str
notes:
  - The command is started without a shell, in a session of its own, with C(PATH), C(LANG) and C(HOME) as its
    environment, and no open file of the module's. What it prints is added to its log.
  - Its files, its log and a record of it are in C(/run/tcpip.lab/process), a directory for each lab, namespace and
    process. Nobody but root may read them, but for its own files, which the primary group of the user that it runs as
    may read.
  - A process is known by its number, the time at which it was started and its namespace. One that was given the number
    later is never signalled. Its children are known by their session and by a word in their environment, and if it
    was killed in the machine's own namespace, by that word alone.
  - It is started anew if it does not run, if what is declared for it has changed, or if its namespace or an interface
    that it is bound to has been made anew. Nothing else restarts it, nor does a change of how one knows that it serves,
    of how long that may take, or of how it is stopped, which count when it is next started or stopped. A file of its
    own that was edited by hand gets its content back while the process goes on.
  - When it is stopped, its children end, too, and its files are removed. It is stopped before its namespace is removed.
  - In check mode the command and the user are looked for, and the command is not asked whether it likes its
    configuration.
"""
