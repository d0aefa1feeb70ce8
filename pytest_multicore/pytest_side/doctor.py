"""``--multicore-doctor``: what this machine and each environment provide, and what could cost a program cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from pytest_multicore.diagnosis.findings.finding import Finding, MachineFacts
from pytest_multicore.diagnosis.findings.libraries import library_findings
from pytest_multicore.diagnosis.findings.machine import machine_findings
from pytest_multicore.diagnosis.findings.variables import collection_findings, variable_findings
from pytest_multicore.environments.catalogue import CURRENT, SHIPPED_ENVIRONMENTS, Environment, at_path, load
from pytest_multicore.errors import HostUnfit, MulticoreError, UsageError
from pytest_multicore.experiment.collection_changes import collection_changes, collection_notes
from pytest_multicore.experiment.examine import examine
from pytest_multicore.interpreters.permissions import permissions
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.measurement.attained_speedup import attained_now
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.topology import topology
from pytest_multicore.reports import doctor as lines
from pytest_multicore.reports import doctor_record as records
from pytest_multicore.reports import json_report, standard_output
from pytest_multicore.reports.origin import origin_now
from pytest_multicore.reports.visible import visible_lines
from pytest_multicore.settings.options import OPTIONS, Settings, axis_values

from .options import check_options, raw_value, refusal, report_file, session_settings
from .places import refusals_told


def doctor(config: pytest.Config) -> int:
    """Print what this machine and each environment provide, a line at a time.

    Returns:
        The exit status. 0; or 1 where the current environment, or one that an option names, cannot be had; and 1 under
        ``--multicore-strict`` where anything limits threads or cores.
    """
    check_options(config)
    settings = session_settings(config)
    standard_output.escape_what_it_lacks()
    try:
        environments = load(config.rootpath)
        named = _named(config, settings, environments)
        # Another process's measurement would disturb this look, and be disturbed by it.
        host_lock().wait_s = settings.wait_s
        with refusals_told(), host_lock().exclusive(lambda text: _show([f"multicore: {text}"])):
            whole = _examine_all(config, settings, named, environments)
    except (UsageError, HostUnfit) as error:
        raise refusal(error) from None
    if file := report_file(config, "json"):
        json_report.write(config.invocation_params.dir / file, whole)
    return int(is_wrong(whole, {CURRENT.name, *named}, strict=settings.strict))


def _named(
    config: pytest.Config, settings: Settings, environments: Mapping[str, Environment]
) -> dict[str, Environment]:
    """The environments that options name; none: all that there are."""
    if settings.python:
        return {settings.python: at_path(settings.python)}
    option = next(option for option in OPTIONS if option.name == "environment")
    if raw_value(config, option) is None:
        return {}
    names = axis_values("environment", lambda option: raw_value(config, option))
    return {name: environments[name] for name in names}


def _examine_all(
    config: pytest.Config, settings: Settings, named: Mapping[str, Environment], environments: Mapping[str, Environment]
) -> dict[str, Any]:
    machine = this_machine()
    cpus = machine.affinity or range(machine.cores_online)
    lie = topology(cpus)
    attained = attained_now(control_runs(machine, priority=settings.priority != "off"), machine.threads_auto)
    machine_record = records.machine_record(machine, lie, attained, permissions())
    _show(lines.machine_lines(machine_record))
    facts = records.machine_facts(machine, lie, machine_record)
    changes = [change for change in collection_changes({}, _report) if change["what"] != "affinity"]
    findings, examined = [*machine_findings(facts), *collection_findings(collection_notes(changes))], []
    aside: list[str] = []
    for environment in (named or environments).values():
        record, found = _examine(environment, settings, facts, config)
        examined.append(record)
        findings += found
        if not named and is_aside(environment):
            aside.append(environment.name)
        else:
            _show(["", *lines.environment_lines(record)])
    _show(lines.aside_lines(aside))
    whole = records.report(machine_record, examined, records.merged(findings), origin_now(config.rootpath))
    _show(["", *lines.finding_lines(whole["findings"])])
    return whole


def _examine(
    environment: Environment, settings: Settings, machine: MachineFacts, config: pytest.Config
) -> tuple[dict[str, Any], list[Finding]]:
    """One environment's record, and what was found in it."""
    try:
        extra = records.built_with(environment)
        if extra is None:
            version = records.interpreter_of(environment.python).dotted
            text = f"not built yet; Python {version} is at hand, the first test that names it builds it"
            return records.unexamined(environment.name, "not built", text), []
        python = environment.name if environment.name == settings.python else None
        prepared = PreparedEnvironment.prepare(environment.name, python, settings.blas, config.rootpath, _report, extra)
        examination = examine(prepared, priority=settings.priority)
    except UsageError:
        raise
    except MulticoreError as error:
        return records.unexamined(environment.name, "unavailable", f"cannot be had: {error}"), []
    facts = examination.facts
    return records.examined(examination), [*variable_findings(facts, machine), *library_findings(facts, machine)]


def is_aside(environment: Environment) -> bool:
    """Whether this environment ships with the plugin, and nobody has had it built: nobody may ever want it."""
    if environment is not SHIPPED_ENVIRONMENTS.get(environment.name):
        return False
    try:
        return records.built_with(environment) is None
    except MulticoreError:  # no interpreter for it either
        return True


def is_wrong(whole: Mapping[str, Any], asked_for: set[str], *, strict: bool) -> bool:
    """Whether the exit status is 1.

    Args:
        whole: the report.
        asked_for: the names of environments that have to be had.
        strict: whether what limits threads or cores is wrong, too.
    """
    unavailable = {one["name"] for one in whole["environments"] if one["state"] == "unavailable"}
    return bool(unavailable & asked_for) or (strict and any(finding["limits"] for finding in whole["findings"]))


def _report(text: str) -> None:
    _show([f"multicore: {text}"])


def _show(texts: Iterable[str]) -> None:
    for text in texts:
        print(visible_lines(text), flush=True)
