"""pytest-xdist's workers on several hosts: which one a result is of, and which was lost. Light: loaded with it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

#: The ids that execnet gives to gateways that the user gave none.
EXECNET_ID = re.compile(r"gw\d+")


#: The controller's process, in a worker's input.
CONTROLLER = "multicore_controller"


def end_with_controller(workerinput: Mapping[str, Any]) -> None:
    """Have a worker that its controller started itself killed with it. execnet lets it measure on for 15 s."""
    if workerinput.get(CONTROLLER) != os.getppid():
        return
    from pytest_multicore.environments.commands import die_with_parent

    if die := die_with_parent():
        die()


class Hosts:
    """A plugin of pytest-xdist's controller.

    With ``--dist=each`` every gateway is a host of its own. With other distributions those are that run elsewhere.

    Attributes:
        machines: the facts of each host's machine, by its name, in the order of ``--tx``.
        lost: the hosts whose worker ended before its time, as data.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._each = config.option.dist == "each"
        #: A worker that replaces a lost one has its specification, the same object, and so its host.
        self._names: list[tuple[Any, str]] = []
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._measured: set[tuple[str, str]] = set()
        self.lost: list[dict[str, Any]] = []

    @property
    def machines(self) -> dict[str, Mapping[str, Any]]:
        """See above."""
        return {name: self._facts[name] for _, name in self._names if name in self._facts}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Name the hosts before the first one starts."""
        hosts = [(spec, _place(spec)) for spec in specs if self._each or not spec.popen or spec.via]
        uses = Counter(place for _, place in hosts)
        self._names = [(spec, place if uses[place] == 1 else f"{place} ({spec.id})") for spec, place in hosts]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker who its controller is; see ``end_with_controller``."""
        node.workerinput[CONTROLLER] = os.getpid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Give a report's results the name of their host, where there are several; and keep its machine's facts.

        The last report of a test gets it as a property for pytest's JUnit file: there are as many such tests as hosts.
        """
        host = self._name_of(getattr(report, "node", None))
        if host is None:
            return
        if records := getattr(report, "multicore", None):
            for record in records:
                record["host"] = host
            self._facts[host] = report.multicore_machine
            self._measured.add((host, report.nodeid))
        if report.when == "teardown" and (host, report.nodeid) in self._measured:
            from pytest_multicore.reports.junit import PREFIX

            report.user_properties.append((f"{PREFIX}host", host))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Note a host that was lost."""
        host = self._name_of(node)
        if error and host is not None:
            self.lost.append({"host": host, "error": str(error), "nodeid": None})

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """Note what the host that was lost last was running. The other hosts go on."""
        if self.lost and self.lost[-1]["host"] == self._name_of(getattr(report, "node", None)):
            self.lost[-1]["nodeid"] = crashitem

    def _name_of(self, node: Any) -> str | None:
        """The host that a worker runs on; None where it is the controller's own machine."""
        if node is None:
            return None
        return next((name for spec, name in self._names if spec is node.gateway.spec), None)


def _place(spec: Any) -> str:
    """The id that the user gave, or where the gateway is, or the id that execnet gave."""
    if not EXECNET_ID.fullmatch(spec.id):
        return str(spec.id)
    elsewhere = spec.ssh or spec.vagrant_ssh or spec.socket
    return str(spec.id if elsewhere in (None, True) else elsewhere)


def machine_facts() -> dict[str, Any]:
    """The facts of this process's machine, as data: a worker's reports bring them."""
    from dataclasses import asdict

    from pytest_multicore.measurement.machine import this_machine

    machine = this_machine()
    return {**asdict(machine), "cores_granted": machine.cores_granted}
