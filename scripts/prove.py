# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``prove.py lint|sanity|test|units|versions|scenarios|long|mutants``: what proves the project.

Step by step, and in the end what could not run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import random
import subprocess
import sys
import tempfile
import time
import typing as t
import xml.etree.ElementTree as ET
from concurrent import futures

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.prefix) / "bin"
# Each test has a machine of its own, so they can run beside each other.
PARALLEL = ("-n", "auto")
# What every version of Python and pyroute2 has to do: each module by its examples, all drift, a lab's whole life.
CONTRACT = [
    f"tests/engine/test_{name}.py" for name in ("examples", "single_modules", "topology_drift", "topology_life")
]
# What every version of Ansible has to do, and what it takes besides.
_PLAYED = ("in_place", "labs", "queries", "pictures", "report", "summary")
PLAYBOOKS = [*(f"tests/playbooks/test_{name}.py" for name in _PLAYED), "tests/connection"]
SPREAD = ("tests/several/test_plays.py", "tests/several/test_failures.py")
RANDOM = "tests/engine/test_topology_random.py"
EVERY_SCENARIO = "tests/kernels/test_scenarios.py"
OVER_TWO = "tests/several/test_two_machines.py"
#: Under emulation, where one takes half a minute, and more beside other work.
FEWER_TOPOLOGIES = "--topologies=16"
CONTROLLER = {"jmespath", "pyroute2", "hypothesis", "pytest", "pytest-testinfra", "pytest-xdist"}
REPORTS = ROOT / ".cache/reports"
ON_SECOND_KERNEL = "every scenario on Debian's Linux"
LACKING = "what a kernel may lack, on Debian's Linux"
IN_MACHINES = "tests in throw-away machines"
MATRIX = ROOT / ".venv-matrix"
#: What ran, by the command, for the documentation (matrix.py).
RAN = ROOT / "tests/output"

sys.path.insert(0, str(ROOT / "tests"))
import emulated  # noqa: E402
import kernel_rules  # noqa: E402
import pythons  # noqa: E402
import run_ansible_test  # noqa: E402
import snapshot  # noqa: E402


@dataclasses.dataclass
class Tally:
    """What ran, how it went, and what could not run."""

    lines: list[str] = dataclasses.field(default_factory=list)
    failures: list[str] = dataclasses.field(default_factory=list)
    not_run: list[str] = dataclasses.field(default_factory=list)
    passed: int = 0
    failed: int = 0
    #: The steps by name, and how many tests of each passed.
    steps: dict[str, int] = dataclasses.field(default_factory=dict)
    #: Where its steps print; None is where this process does.
    output: t.IO[str] | None = None
    #: Whether what cannot be had is a failure, and not a note.
    strict: bool = False

    def note(self, name: str, passed: int, failed: int, seconds: float = 0) -> None:
        """Add the outcome of a step."""
        self.passed += passed
        self.failed += failed
        self.steps[name] = passed
        verdict = "FAILED" if failed else "ok"
        self.lines.append(f"{verdict:7} {name} ({passed} passed, {failed} failed, {seconds:.0f} s)")

    def lack(self, what: str, needed: bool = False) -> None:
        """Add what could not run, since something of it cannot be had."""
        if needed or self.strict:
            self.note(what, 0, 1)
        else:
            self.not_run.append(what)

    def add(self, other: Tally) -> None:
        """Add what was noted elsewhere."""
        for mine, theirs in ((self.lines, other.lines), (self.failures, other.failures), (self.not_run, other.not_run)):
            mine.extend(theirs)
        self.steps |= other.steps
        self.passed += other.passed
        self.failed += other.failed

    def finish(self) -> int:
        """Print it all; the exit status. The last line has the sums."""
        print(f"\n--- what ran, on Linux {os.uname().release} if nothing else is said", *self.lines, sep="\n")
        print("--- what could not run here", *(self.not_run or ["nothing"]), sep="\n")
        if self.failures:
            print("--- what failed", *self.failures, sep="\n")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def call(tally: Tally, name: str, command: t.Sequence[str], cwd: pathlib.Path = ROOT) -> tuple[bool, float]:
    """Run a command that prints for itself: whether it succeeded, and the seconds it took."""
    print(f"\n=== {name}", file=tally.output, flush=True)
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": sys.prefix}
    began = time.monotonic()
    errors = subprocess.STDOUT if tally.output else None
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=tally.output, stderr=errors, check=False
    )
    return done.returncode == 0, time.monotonic() - began


def one(tally: Tally, name: str, command: t.Sequence[str], cwd: pathlib.Path = ROOT, size: int = 1) -> None:
    """A step that passes or fails as a whole; `size` says of how many parts it consists."""
    success, seconds = call(tally, name, command, cwd)
    # A step without parts has proved nothing.
    tally.note(name, size if success else 0, 0 if success and size else 1, seconds)


def pytest(
    tally: Tally,
    name: str,
    *arguments: str,
    command: t.Sequence[str] = (str(BIN / "pytest"),),
    reports: pathlib.Path = REPORTS,
) -> None:
    """A step of pytest, counted test by test, with the skips by name."""
    report = report_of(name, reports)
    report.unlink(missing_ok=True)
    success, seconds = call(tally, name, [*command, "-q", f"--junit-xml={report}", *arguments])
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314 - pytest wrote it
    skipped = [case for case in cases if case.find("skipped") is not None]
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    tally.note(name, len(cases) - len(skipped) - len(failed), len(failed) or int(not success), seconds)
    tally.failures += [described(name, case) for case in failed]
    tally.not_run += [described(name, case) for case in skipped]


def report_of(name: str, reports: pathlib.Path = REPORTS) -> pathlib.Path:
    """Where a step of pytest notes its tests."""
    return reports / f"{name.replace(' ', '-')}.xml"


def described(step: str, case: ET.Element) -> str:
    """A test that was skipped or failed, and why."""
    outcomes = [found for word in ("skipped", "failure", "error") if (found := case.find(word)) is not None]
    # pytest's message of a failure ends in the comparison; of a long one, its beginning will do.
    reasons = "; ".join(outcome.get("message", "")[:800] for outcome in outcomes)
    return f"{step}: {case.get('classname')}.{case.get('name')}: {reasons}"


def lint(tally: Tally) -> None:
    """All linters."""
    with beside(tally, sanity):  # which is as long as all others together, and uses one processor
        style(tally)
        publication(tally)


def style(tally: Tally) -> None:
    """Linters of code and pages."""
    one(tally, "ruff check", [str(BIN / "ruff"), "check", "."])
    one(tally, "ruff format", [str(BIN / "ruff"), "format", "--check", "."])
    packages = [word for name in ("plugins", "extensions") for word in ("-p", f"ansible_collections.tcpip.lab.{name}")]
    one(tally, "mypy of the collection", [str(BIN / "mypy"), *packages])
    one(tally, "mypy of the tests", [str(BIN / "mypy"), "tests", "molecule", "scripts"])
    one(tally, "yamllint", [str(BIN / "yamllint"), "--strict", "."])
    one(tally, "ansible-lint", [str(BIN / "ansible-lint"), "--profile", "production", "--offline", "--strict"])
    one(tally, "antsibull-changelog", [str(BIN / "antsibull-changelog"), "lint"])
    workflows = [str(path) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))]
    schema = ["--builtin-schema", "vendor.github-workflows"]
    one(tally, "check-jsonschema", [str(BIN / "check-jsonschema"), *schema, *workflows], size=len(workflows))
    one(tally, "the documentation's pages", [str(BIN / "python"), "scripts/docs.py"])


def publication(tally: Tally) -> None:
    """What is asked of a collection that is published: documentation, licences, a changelog, and what Galaxy asks."""
    with run_ansible_test.copy_of_collection() as place:
        docs = ["lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "--validate-collection-refs=self", "."]
        one(tally, "antsibull-docs", [str(BIN / "antsibull-docs"), *docs], place)
        one(tally, "reuse", [str(BIN / "reuse"), "lint", "--lines"], place)
        # This writes the changelog, so it is the last to use the copy.
        one(tally, "the changelog of a release", [str(BIN / "antsibull-changelog"), "release"], place)
    one(tally, "galaxy-importer", [str(BIN / "python"), "tests/built_file.py"])


def sanity(tally: Tally) -> None:
    """ansible-test's own linters."""
    one(tally, "ansible-test sanity", [str(BIN / "python"), "tests/run_ansible_test.py", "sanity"])
    found = pythons.find()
    tally.not_run += [
        f"ansible-test sanity with Python {version}: no such interpreter here"
        for version in run_ansible_test.SANITY_VERSIONS
        if version not in found
    ]


def test(tally: Tally) -> None:
    """All tests."""
    before = snapshot.take_network()
    one(tally, "make this machine ready", [str(BIN / "ansible-playbook"), "playbooks/machine.yml"])
    units(tally)
    pytest(tally, IN_MACHINES, *PARALLEL, "tests/tools", "tests/engine", *native())
    pytest(tally, "tests of the playbooks", *PARALLEL, "tests/playbooks", "tests/connection")
    pytest(tally, "machines that were installed a moment ago", *PARALLEL, "tests/bare")
    pytest(tally, "several machines", *PARALLEL, "tests/several", f"--ignore={OVER_TWO}", *native())
    with beside(tally, lacking):
        integration(tally)
        molecule(tally)
    of_managed(tally, *rows("matrix.txt")[0])
    of_controller(tally, *rows("controllers.txt")[0])
    differences = snapshot.diff(before, snapshot.take_network())
    print(*differences, sep="\n")
    tally.note("this machine's own network is as it was before the tests", int(not differences), len(differences))


def units(tally: Tally) -> None:
    """The tests that need no root."""
    pytest(tally, "unit tests", *PARALLEL, "tests/unit")


@contextlib.contextmanager
def beside(tally: Tally, step: t.Callable[[Tally], None]) -> t.Iterator[None]:
    """Do a step while those of the block are done, which mostly wait. What it prints is shown when both are over."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, futures.ThreadPoolExecutor(1) as pool:
        own = Tally(output=output, strict=tally.strict)
        running = pool.submit(step, own)
        try:
            yield
        finally:
            futures.wait([running])
            output.seek(0)
            sys.stdout.write(output.read())
        running.result()
        tally.add(own)


def integration(tally: Tally) -> None:
    """The targets for ansible-test."""
    targets = len(list((ROOT / "tests/integration/targets").glob("*/aliases")))
    command = [str(BIN / "python"), "tests/run_ansible_test.py", "integration"]
    one(tally, "ansible-test integration", command, size=targets)


def molecule(tally: Tally) -> None:
    """All scenarios that this machine's kernel can run."""
    left = () if kernel_rules.has_vlan_filtering() else kernel_rules.VLAN_SCENARIOS
    scenarios = {path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml")} - set(left)
    excluded = [word for name in left for word in ("--exclude", name)]
    one(tally, "molecule test --all", [str(BIN / "molecule"), "test", "--all", *excluded], size=len(scenarios))


def lacking(tally: Tally) -> None:
    """What this machine's kernel may not be able to run, on the distribution's under emulation."""
    under_emulation(tally, LACKING, f"--ignore={EVERY_SCENARIO}")


def scenarios(tally: Tally) -> None:
    """Every scenario over two machines, and on the distribution's kernel."""
    pytest(tally, "every scenario over two machines", *PARALLEL, OVER_TWO, *native())
    under_emulation(tally, ON_SECOND_KERNEL)


def under_emulation(tally: Tally, name: str, *words: str) -> None:
    """A step of pytest on the distribution's kernel; C(words) as for emulated.py, which adds nothing to a command."""
    try:
        release = emulated.release()
    except SystemExit as reason:
        tally.lack(f"{name}, emulated: {reason}", needed=bool(native()))
        return
    command = [str(BIN / "python"), "tests/emulated.py", *words]
    pytest(tally, f"{name} {release}, emulated", command=command, reports=emulated.REPORTS)


def native() -> list[str]:
    """What makes pytest leave out the tests that this machine's kernel cannot run: they are run under emulation."""
    missing = kernel_rules.missing()
    return ["-m", f"not ({' or '.join(missing)})"] if missing else []


def rows(name: str) -> list[list[str]]:
    """The words of each line of a table in tests/."""
    lines = (ROOT / "tests" / name).read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def step_of_managed(python: str, pyroute2: str) -> str:
    """The step that has other versions under the modules."""
    return f"Python {python} with pyroute2 {pyroute2}"


def step_of_controller(python: str, core: str) -> str:
    """The step that has other versions of Ansible above the playbooks."""
    return f"playbooks by ansible-core {core} and Python {python}"


def step_over_machines(python: str, core: str) -> str:
    """The step that has other versions of Ansible above several machines."""
    return f"several machines by ansible-core {core} and Python {python}"


def versions(tally: Tally) -> None:
    """What all other versions have to do; the oldest ones, the first of each list, do most of it in every test."""
    for row in rows("matrix.txt"):
        of_managed(tally, *row)
    for row in rows("controllers.txt"):
        of_controller(tally, *row)
        over_machines(tally, *row)


def of_managed(tally: Tally, python: str, pyroute2: str) -> None:
    """What other versions of Python and pyroute2 have to do, under the modules."""
    interpreter = environment(tally, python, f"pyroute2=={pyroute2}")
    if interpreter:
        words = [*CONTRACT, f"--module-python={interpreter}", *native()]
        pytest(tally, step_of_managed(python, pyroute2), *PARALLEL, *words)


def of_controller(tally: Tally, python: str, core: str) -> None:
    """What other versions of Ansible have to do, above the playbooks."""
    by_another(tally, python, core, step_of_controller(python, core), *PLAYBOOKS)


def over_machines(tally: Tally, python: str, core: str) -> None:
    """What other versions of Ansible have to do where a lab is over several machines."""
    by_another(tally, python, core, step_over_machines(python, core), *SPREAD)


def by_another(tally: Tally, python: str, core: str, step: str, *tests: str) -> None:
    """A step of tests that have another version of Ansible."""
    interpreter = environment(tally, python, f"ansible-core=={core}", *pinned(CONTROLLER))
    if interpreter:
        pytest(tally, step, *PARALLEL, *tests, command=[str(interpreter.with_name("pytest"))])


def pinned(names: t.Collection[str]) -> list[str]:
    """The development requirements of these names, with their versions."""
    texts = [(ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8") for name in ("run", "dev")]
    return [line for text in texts for line in text.splitlines() if line.partition("==")[0] in names]


def environment(tally: Tally, python: str, *packages: str) -> pathlib.Path | None:
    """The interpreter of a virtual environment with these packages; None, and a note, where it cannot be had."""
    found = pythons.find().get(python)
    if not found:
        tally.lack(f"{packages[0]}: there is no Python {python} here")
        return None
    interpreter = MATRIX / f"{python}-{packages[0].replace('==', '-')}" / "bin/python"
    stamp = interpreter.parent.parent / "made-of"
    wanted = "\n".join(packages)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return interpreter
    if not make_environment(tally, found, interpreter, packages):
        tally.note(f"{packages[0]}: its environment with Python {python} could not be made", 0, 1)
        return None
    stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def commit() -> str:
    """What is checked out; empty where git does not say it."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def note_what_ran(tally: Tally, command: str, of: str) -> None:
    """Keep what a command has proved of a commit, unless something failed."""
    file = RAN / f"ran-{command}.json"
    file.unlink(missing_ok=True)
    if tally.failed:
        return
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    where = {"commit": of, "system": system, "kernel": os.uname().release}
    ran = {**where, "steps": tally.steps, "not_run": tally.not_run}
    RAN.mkdir(exist_ok=True)
    file.write_text(json.dumps(ran, indent=1), encoding="utf-8")


def imagined(tally: Tally) -> None:
    """What needs no machine: many plans, and what other programs may say."""
    pytest(tally, "random plans", "--hypothesis-profile=default", "tests/unit/plugins/module_utils/test_plan.py")
    pytest(tally, "what others say", "-s", "--hypothesis-profile=many", "tests/unit/test_foreign.py")


def long(tally: Tally) -> None:
    """Many random topologies, others in each run unless a seed is given, and many rounds; and what was tried."""
    chosen = [f"--topology-seed={random.randrange(10**6)}", *sys.argv[2:]]  # noqa: S311 - no secret
    print(*chosen, flush=True)
    with beside(tally, imagined):  # as long as that, and both use one processor
        pytest(tally, "random topologies", RANDOM, "--topologies=600", *chosen)
    there = [str(BIN / "pytest"), "--emulated", *emulated.WORKERS, "--dist=load", RANDOM, *chosen]
    under_emulation(tally, "random topologies on Debian's Linux", *there, FEWER_TOPOLOGIES)
    pytest(tally, "eight runs at once", "--rounds=200", "tests/long/test_together.py", *sys.argv[2:])
    more = ("-n", str((os.cpu_count() or 1) + 1))  # they mostly wait for the kernel to come to rest
    pytest(tally, "every act killed or failed", *more, "tests/long/test_every_act.py", *sys.argv[2:])
    pytest(tally, "up and down", "--rounds=300", "tests/long/test_endurance.py", *sys.argv[2:])


def mutants(tally: Tally) -> None:
    """Faults that are planted in a copy of the collection, and have to be caught."""
    one(tally, "planted faults", [str(BIN / "python"), "tests/mutants.py"])


def make_environment(tally: Tally, python: str, interpreter: pathlib.Path, packages: t.Sequence[str]) -> bool:
    """Make a virtual environment in place of what may be there; whether it could be made."""
    place = interpreter.parent.parent
    made, _seconds = call(tally, f"make {place.name}", [python, "-m", "venv", "--clear", str(place)])
    if made:
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        made, _seconds = call(tally, f"install {' '.join(packages)}", [*pip, *packages])
    return made


def main() -> int:
    """The command line."""
    commands = {each.__name__: each for each in (lint, sanity, units, test, versions, scenarios, long, mutants)}
    command = commands[sys.argv[1]]
    if command not in {lint, sanity, units} and os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--preserve-env", sys.executable, *sys.argv])  # noqa: S606 - we go on as root
    REPORTS.mkdir(parents=True, exist_ok=True)
    tally, begun = Tally(strict=sys.argv[1] in STRICT or "GITHUB_ACTIONS" in os.environ), commit()
    command(tally)
    if command in NOTED:
        note_what_ran(tally, sys.argv[1], begun)
    return tally.finish()


#: The commands of which the documentation tells what they proved.
NOTED = (test, versions, scenarios)
#: The commands that are for other versions and the second kernel. The workflow provides what all of them take.
STRICT = {"versions", "scenarios", "long"}


if __name__ == "__main__":
    sys.exit(main())
