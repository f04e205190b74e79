# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to a network namespace: the connection to its machine, and each command wrapped in C(ip netns exec)."""

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
short_description: Run tasks in a network namespace
version_added: "0.1.0"
description:
  - Makes a host of a network namespace, on this machine or on one that is reached by SSH. Tasks see the interfaces,
    addresses, routes, sockets and rules of the namespace, and all else as it is on the machine, the files included.
  - The machine is reached by another connection plugin, with all the options that one has, such as C(ansible_host),
    C(ansible_user) and C(ansible_ssh_common_args). One SSH connection serves all namespaces of a machine.
  - Tasks run as the user of that connection. To enter a namespace takes root, so another user needs C(sudo) for any
    command and without a password on the machine; the command itself runs as that user again, and C(become) works as
    everywhere. What runs, and what C(environment) sets for it, stands in the log of C(sudo) then.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
options:
  netns:
    description:
      - The name of the namespace, as C(ip netns list) shows it on the machine.
      - If it is not given, it is the name of the host, or of the one that a task is delegated to.
    type: str
    vars:
      - name: ansible_netns
    keyword:
      - name: delegate_to
  host:
    description:
      - The name of the host, which Ansible gives.
    type: str
    vars:
      - name: inventory_hostname
  via:
    description:
      - The connection plugin by which the machine is reached, V(local) or V(ssh).
    type: str
    choices: [local, ssh]
    default: local
    vars:
      - name: ansible_netns_via
notes:
  - Like C(ip netns exec), it shows files below C(/etc/netns/NAME) in place of those in C(/etc), and the namespace's own
    C(/sys), to commands. Files are copied past that, so M(ansible.builtin.fetch) of C(/etc/resolv.conf) gets the
    machine's.
  - Hosts on this machine want C(ansible_python_interpreter) set to V({{ ansible_playbook_python }}), as C(localhost)
    has it, where the interpreter that Ansible finds is not the one wanted.
seealso:
  - module: tcpip.lab.netns
    description: Makes namespaces.
  - name: ip-netns(8)
    description: What entering a namespace means.
    link: https://man7.org/linux/man-pages/man8/ip-netns.8.html
"""

import shlex
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader
from ansible_collections.tcpip.lab.plugins.module_utils import values
from ansible_collections.tcpip.lab.plugins.plugin_utils import entering


class Connection(ConnectionBase):  # type: ignore[misc]  # Ansible does not say what its types are
    """A network namespace of a machine."""

    has_pipelining = True
    cwd: bytes | None = None
    _machine: t.Any = None
    _known: tuple[t.Any, t.Any] | None = None

    @property
    def transport(self) -> str:
        """How the machine is reached, by which Ansible knows what it must not do, such as to reboot this one."""
        return str(self.get_option("via"))

    @property
    def ssh_type_conn(self) -> t.Any:
        """The connection to the machine. By this name Ansible finds it, and gives it the options that are its own."""
        if self._machine is None or self._machine.transport != self.transport:
            self._machine = connection_loader.get(self.transport, self._play_context, shell=self._shell)
        # Ansible sets these anew for each task.
        self._machine._play_context, self._machine.cwd = self._play_context, self.cwd
        self._machine.set_become_plugin(self.become)
        return self._machine

    @property
    def has_tty(self) -> bool:
        """Whether commands have a terminal, which some ways to become another user want."""
        return bool(self.ssh_type_conn.has_tty)

    def is_pipelining_enabled(self, wrap_async: bool = False) -> bool:
        """Whether modules go in by the input of Python, which cannot be where SSH is told to make a terminal."""
        way = self.ssh_type_conn
        return bool(super().is_pipelining_enabled(wrap_async) and way.is_pipelining_enabled(wrap_async))

    def _connect(self) -> Connection:
        """Connect to the machine. Whether the namespace is there is seen when the first command is to run in it."""
        self.ssh_type_conn._connect()
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the namespace.

        :raises AnsibleConnectionFailure: when the namespace is not there or cannot be entered.
        """
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        # Where Ansible waits for sudo's success, a refusal comes before it sends anything.
        has_input = bool(in_data) and not (sudoable and self.become)
        words = shlex.join(entering.command(self._netns(), cmd, has_input))
        try:
            code, output, messages = self.ssh_type_conn.exec_command(words, in_data=in_data, sudoable=sudoable)
        except AnsibleError as error:
            _refuse(str(error))  # who waits for sudo's success in vain says what came instead
            raise
        if code == entering.NOT_ENTERED:
            _refuse((output + messages).decode(errors="replace"))  # with a terminal, both come as one
        return code, output, messages

    def _netns(self) -> str:
        try:
            # The variable is that of the host for which a task is done, even where it is delegated to another one.
            return values.namespace(self.get_option("netns") or self.get_option("host"))
        except ValueError as error:
            raise AnsibleConnectionFailure(f"ansible_netns: {error}") from None

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the machine."""
        super().put_file(in_path, out_path)
        self.ssh_type_conn.put_file(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the machine."""
        super().fetch_file(in_path, out_path)
        self.ssh_type_conn.fetch_file(in_path, out_path)

    def _resolve_option_variables(self, variables: t.Any, templar: t.Any) -> t.Any:
        """Ansible asks for what to set options to."""
        self._known = (variables, templar)
        return super()._resolve_option_variables(variables, templar)

    def reset(self) -> None:
        """Let the connection to the machine be made anew, for new groups of the user and the like."""
        machine = self.ssh_type_conn
        if self._known:  # where Ansible only resets a connection, it sets the options of this one alone
            machine.set_options(var_options=machine._resolve_option_variables(*self._known))
        machine.reset()
        self.close()

    def close(self) -> None:
        """Give the connection to the machine back, which may stay for the next task."""
        if self._machine is not None:
            self._machine.close()
        self._connected = False


def _refuse(said: str) -> None:
    """Raise AnsibleConnectionFailure if it was said why the namespace was not entered."""
    reason = entering.refusal(said)
    if reason:
        raise AnsibleConnectionFailure(reason)
