# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has, read without being on that machine."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import struct
import sys

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import machine

RHEL_CLONE = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'


@pytest.mark.parametrize(
    ("os_release", "family"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nID=debian\n', "debian"),
        ("ID=ubuntu\nID_LIKE=debian\n", "debian"),
        (RHEL_CLONE, "redhat"),
        ("ID=fedora\n", "redhat"),
        ("ID='arch'\n", "other"),
        ("VARIANT_ID=debian\n", "other"),
        ("", "other"),
    ],
)
def test_family(os_release: str, family: str) -> None:
    assert machine.family_of(os_release) == family


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The only place that things are imported from, with a pyroute2 that has nothing in it."""
    (tmp_path / "pyroute2").mkdir()
    (tmp_path / "pyroute2/__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "pyroute2", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("version", "sufficient"),
    [("0.7.1", False), ("0.7.2", True), ("0.7.12", True), ("0.10", True), ("0.9.7.post1", True), ("1", True)],
)
def test_pyroute2_versions(site: pathlib.Path, version: str, sufficient: bool) -> None:
    (site / "pyroute2/config").mkdir()
    (site / "pyroute2/config/version.py").write_text(f"__version__ = '{version}'\n")
    assert machine.pyroute2() == {"version": version, "sufficient": sufficient}


def test_no_pyroute2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert machine.pyroute2() == {"version": "", "sufficient": False}


def test_what_a_removed_pyroute2_left_is_none(site: pathlib.Path) -> None:
    (site / "pyroute2/__init__.py").unlink()
    _note(site, "0.9.7")
    assert machine.pyroute2() == {"version": "", "sufficient": False}


def test_a_pyroute2_that_does_not_say_its_version_is_one_of_a_distribution(site: pathlib.Path) -> None:
    assert machine.pyroute2()["version"] == ""
    _note(site, "0.7.2")
    assert machine.pyroute2() == {"version": "0.7.2", "sufficient": True}


def _note(site: pathlib.Path, version: str) -> None:
    """What package managers know of it."""
    (site / f"pyroute2-{version}.dist-info").mkdir()
    (site / f"pyroute2-{version}.dist-info/METADATA").write_text(f"Name: pyroute2\nVersion: {version}\n")


def test_a_virtual_environment_is_not_the_distributions_python(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert machine.python()["distribution"]
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert not machine.python()["distribution"]


def test_a_python_beside_the_distributions_is_not_the_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    assert not machine.python()["distribution"]


def test_a_python_is_theirs_whose_its_directory_is(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    owner = tmp_path.stat()
    assert machine.python()["owner"] == {"uid": owner.st_uid, "gid": owner.st_gid}


def test_whether_a_python_has_a_pip(site: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pip", raising=False)
    assert not machine.python()["pip"]
    (site / "pip").mkdir()
    (site / "pip/__init__.py").touch()
    importlib.invalidate_caches()
    assert machine.python()["pip"]


ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\tFE6433C6\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
eth0\t006433C6\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
"""


def test_the_uplink_is_that_of_the_best_default_route_with_a_gateway() -> None:
    assert machine.uplink_of(ROUTES) == {"dev": "eth0", "via": "198.51.100.254"}
    assert machine.uplink_of(ROUTES.splitlines()[0]) == {}


def test_a_request_for_a_link() -> None:
    message = machine.new_link("veth")
    assert struct.unpack_from("=IHH", message) == (len(message), 16, 0x605)
    assert message[32:] == struct.pack("=HHHH", 16, 18, 9, 1) + b"veth\0\0\0\0"


def test_nothing_asked_needs_no_privileges() -> None:
    assert machine.lacking_link_kinds([]) == []
