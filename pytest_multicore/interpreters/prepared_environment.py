"""An environment that is ready, and the interpreters opened in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_multicore.environments import blas, catalogue, overlay, provision
from pytest_multicore.environments.installed_packages import installed_packages
from pytest_multicore.environments.variables import ChildVariables, child_variables
from pytest_multicore.errors import UsageError
from pytest_multicore.settings.world_at_start import WORLD

from .launch import Launch
from .process import IsolatedInterpreter


@dataclass(frozen=True, slots=True)
class PreparedEnvironment:
    """A ready environment with its BLAS.

    Attributes:
        environment: its declaration.
        installation: its interpreter and packages.
        selection: the BLAS of its children.
        base: a release or a commit that is laid over it: its packages come before the environment's.
        base_name: what the user calls that, or an environment that another is compared with; empty else.
    """

    environment: catalogue.Environment
    installation: provision.Installation
    selection: blas.BlasSelection
    base: overlay.Overlay | None = None
    base_name: str = ""

    @classmethod
    def prepare(
        cls,
        name: str,
        python: str | None,
        blas_choice: str | None,
        rootdir: Path,
        progress: Callable[[str], None],
        extra_requires: tuple[str, ...] = (),
    ) -> PreparedEnvironment:
        """Find or build the environment.

        Args:
            name: the environment's name.
            python: an interpreter to use as it is, in place of the named environment.
            blas_choice: wins over the environment's own choice.
            rootdir: the folder of the user's pyproject.toml.
            progress: called with a line of text before each step that takes long.
            extra_requires: packages to install in addition to the environment's own, if it is one that is built.
        """
        if python and os.sep in python and not (os.path.isfile(python) and os.access(python, os.X_OK)):
            # A typing error, and not a machine that lacks something: it must not end as a skipped test.
            raise UsageError(f"interpreter {python}: there is no such program; expected the path of an interpreter")
        environment = catalogue.at_path(python) if python is not None else catalogue.find(name, rootdir)
        if blas_choice:
            environment = replace(environment, blas=blas_choice)
        if environment.requires:
            environment = replace(environment, requires=(*environment.requires, *extra_requires))
        installation = provision.prepare(environment, progress=progress)
        return cls(environment, installation, blas.select(environment.blas, installation))

    def with_blas(self, choice: str, progress: Callable[[str], None]) -> PreparedEnvironment:
        """The same environment with another BLAS; see ``prepare``, but for this nothing is built.

        Raises:
            EnvironmentUnavailable: it would have to be built.
        """
        environment = replace(self.environment, blas=choice)
        installation = provision.prepare(environment, progress=progress, build=False)
        selection = blas.select(choice, installation)
        return replace(self, environment=environment, installation=installation, selection=selection)

    @property
    def name(self) -> str:
        """Its name in reports: the environment's, and what is laid over it."""
        return f"{self.environment.name} with {self.base_name}" if self.base else self.environment.name

    def packages(self) -> dict[str, str]:
        """The releases of its packages, by their names in small letters."""
        listed = [*installed_packages(self.installation.site_packages)]
        if self.base:
            listed += self.base.packages
        return {name.lower(): version for name, _, version in (line.partition("==") for line in listed)}

    def variables(
        self,
        threads: int | None,
        theano_flags: Mapping[str, str],
        env: Mapping[str, str],
        cpus: tuple[int, ...] | None = None,
    ) -> ChildVariables:
        """The variables of a child with this number of threads (None: it inherits the user's).

        Args:
            threads: see above.
            theano_flags: see ``child_variables``.
            env: likewise.
            cpus: those that it will run on; None: all. Two sides on different ones share no folder of compiled code.
        """
        installation, world = self.installation, WORLD.child_environ(os.environ)
        if self.base:
            # Spawned interpreters find its packages by PYTHONPATH, and what is compiled for it is its own. The rest of
            # that path is the program's: both sides have it.
            without_base = {**(world if installation.is_current else {}), **self.environment.env, **env}
            search_path = os.pathsep.join(filter(None, (str(self.base.folder), without_base.get("PYTHONPATH"))))
            env = {overlay.OVERLAY_VARIABLE: str(self.base.folder), **env, "PYTHONPATH": search_path}
            installation = replace(installation, key=f"{installation.key} {self.base.folder.name}")
        return child_variables(
            self.environment,
            installation,
            self.selection,
            threads=threads,
            cores=None if cpus is None else len(cpus),
            theano_flags=theano_flags,
            env=env,
            environ=world,
        )

    def open(
        self, variables: ChildVariables, *, priority: str, cpus: tuple[int, ...] | None = None
    ) -> IsolatedInterpreter:
        """Start an interpreter with these variables.

        Args:
            variables: all that it gets.
            priority: as for ``Launch``.
            cpus: those that it may run on; None: all that this process may.
        """
        launch = Launch(self._command(), variables.variables, Path.cwd(), priority=priority, cpus=cpus)
        return IsolatedInterpreter(launch)

    def _command(self) -> list[str]:
        python = str(self.installation.python)
        if self.installation.is_current:
            # With this interpreter's own flags, -W and -X among them, as multiprocessing starts its workers.
            return [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
        # child_variables removed the parent's PYTHON* variables: those that are left were set for this child.
        return [python, "-s", "-B"]
