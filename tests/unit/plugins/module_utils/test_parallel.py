# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at many namespaces in several processes: all is found, in order, whatever becomes of the other processes."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import labmachine
import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import interruption, parallel
from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress

NAMES = [f"ns{number}" for number in range(3 * parallel._WORTH_IT + 1)]
_PROGRAM = """
import os, time
from ansible_collections.tcpip.lab.plugins.module_utils import parallel
from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress
os.sched_getaffinity = lambda _pid: {0, 1}
def look(name):
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(60)
parallel.looked(look, [str(number) for number in range(1000)], Progress())
"""


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it does not matter how many there are."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are begun."""
    begun: list[int] = []
    fork = os.fork

    def noted() -> int:
        pid = fork()
        begun.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", noted)
    return begun


def _found(look: t.Callable[[str], object], names: t.Sequence[str] = NAMES) -> list[object]:
    return parallel.looked(look, names, Progress())


def _is_there(pid: int) -> bool:
    """Whether the process lives (proc(5)): one whose parent has gone may wait for whoever is the first process here."""
    try:
        told = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return told.rpartition(")")[2].split()[0] not in "ZX"


def test_what_they_find_comes_in_order_and_who_is_faster_looks_at_more(children: list[int]) -> None:
    here = os.getpid()

    def look(name: str) -> tuple[str, int]:
        time.sleep(0.02 if os.getpid() == here else 0.001)
        return name, os.getpid()

    found = t.cast("list[tuple[str, int]]", _found(look))
    assert [name for name, _pid in found] == NAMES
    looked = {pid: [who for _name, who in found].count(pid) for pid in (here, *children)}
    assert len(children) == 2
    assert all(0 < looked[here] < looked[pid] for pid in children)


def test_few_are_looked_at_by_one(children: list[int]) -> None:
    few = NAMES[: 2 * parallel._WORTH_IT - 1]
    assert _found(str.upper, few) == [name.upper() for name in few]
    assert _found(str.upper, []) == []
    assert not children


@pytest.mark.parametrize("ends", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0])
def test_what_a_process_that_ends_has_not_found_is_looked_for_again(ends: t.Callable[[], object]) -> None:
    here = os.getpid()
    own: list[str] = []

    def look(name: str) -> str:
        time.sleep(0.001)  # so that the others have something to do
        if os.getpid() != here:
            ends()
        own.append(name)
        return name.upper()

    assert _found(look) == [name.upper() for name in NAMES]
    assert own != NAMES, "the others have taken nothing"
    assert sorted(own, key=NAMES.index) == NAMES


def test_where_no_process_may_be_begun_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> t.NoReturn:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert _found(str.upper) == [name.upper() for name in NAMES]


def test_what_goes_wrong_everywhere_is_told(children: list[int]) -> None:
    def look(name: str) -> str:
        if name == NAMES[-1]:
            raise OSError("it cannot be read")
        return name

    with pytest.raises(OSError, match="it cannot be read"):
        _found(look)
    assert not any(map(_is_there, children))


def test_none_is_left_of_a_run_that_is_interrupted(children: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "_ear", interruption._Ear())
    here = os.getpid()

    def look(name: str) -> str:
        if os.getpid() != here:
            time.sleep(60)
        interruption._ear.heard = signal.SIGTERM
        return name

    with pytest.raises(interruption.InterruptionError):
        _found(look)
    assert len(children) == 2
    assert not any(map(_is_there, children))


def test_none_is_left_of_a_run_that_is_killed() -> None:
    env = {**os.environ, "PYTHONPATH": str(labmachine.COLLECTIONS)}
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True, env=env) as run:
        assert run.stdout
        looking = {int(run.stdout.readline()) for _process in range(2)}
        run.kill()
    (other,) = looking - {run.pid}
    deadline = time.monotonic() + 10
    while _is_there(other) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_there(other)


def test_others_look_before_anybody_asks(children: list[int]) -> None:
    """So that nothing is left to do, and only what is wanted is told to have been read."""
    here = os.getpid()
    begun = parallel.begun(lambda name: (name, os.getpid()), NAMES)
    assert begun
    for pid in children:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    some = [*NAMES[:7], "another"]
    found = parallel.looked(lambda name: (name, os.getpid()), some, Progress(), begun)
    assert [name for name, _pid in found] == some
    assert all(pid in children for _name, pid in found[:7])
    assert found[7][1] == here


def test_what_others_began_need_not_be_asked_for(children: list[int]) -> None:
    begun = parallel.begun(lambda _name: time.sleep(60), NAMES)
    assert begun
    begun.end()
    assert len(children) == 2
    assert not any(map(_is_there, children))


def test_nobody_begins_for_a_few_or_where_there_is_one_processor(
    children: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parallel.begun(str.upper, NAMES[: parallel._WORTH_IT - 1]) is None
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    assert parallel.begun(str.upper, NAMES) is None
    assert not children


def test_what_takes_long_is_shared_where_it_stands_side_by_side(children: list[int]) -> None:
    """Switches come first, and each takes as long as many nodes."""
    names = [str(number) for number in range(40 * parallel._PARTS)]
    begun = parallel.begun(lambda _name: time.sleep(60), names)
    assert begun
    first = next(begun._parts())
    begun.end()
    assert not {"0", "1", "2"}.issubset(first)
    assert len(children) == 2


def test_all_is_found_where_python_knows_no_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    here = os.getpid()

    def look(name: str) -> tuple[str, bool]:
        time.sleep(0.001)
        return name, os.getpid() == here

    found = t.cast("list[tuple[str, bool]]", _found(look))
    assert [name for name, _here in found] == NAMES
    assert not all(here for _name, here in found)


def test_processes_that_have_ended_are_not_lost_where_nobody_wants_to_know(children: list[int]) -> None:
    """Their numbers may be somebody else's by then."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    begun = parallel.begun(str.upper, NAMES)
    assert begun
    for pid in children:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    begun.end()
    assert len(children) == 2
