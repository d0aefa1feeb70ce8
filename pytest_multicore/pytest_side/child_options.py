"""What a child's pytest must not do again: it runs one test, writes no file of the run's and starts no workers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

#: Options by their names in ``config.option``. A child without a plugin does not know its options, and does not mind.
CHILD_OPTION_OVERRIDES: Mapping[str, Any] = {
    "multicore_child": True,
    "pyargs": False,
    "collectonly": False,
    "keyword": "",
    "markexpr": "",
    "deselect": None,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "stepwise_skip": False,
    "maxfail": 0,
    "usepdb": False,
    "trace": False,
    "xmlpath": None,
    "pastebin": None,
    "durations": None,
    "setuponly": False,
    "setupshow": False,
    "setupplan": False,
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "looponfail": False,
    "cov_source": [],
    "timeout": None,
    "reruns": None,
    # Files of the run's that a child would write anew, or empty.
    "log_file": os.devnull,
    "report_log": None,
    "htmlpath": None,
    "json_report": False,
    "json_report_file": "none",
    "allure_report_dir": None,
    "clean_alluredir": False,
    "cacheclear": False,
    "randomly_reorganize": False,
}

#: Where only a child has the plugin: pytest-randomly would draw a seed of its own for each side.
CHILD_OPTION_DEFAULTS: Mapping[str, Any] = {"randomly_reset_seed": False}
