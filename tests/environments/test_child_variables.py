"""What a child of an environment starts with."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_multicore.environments.blas import BlasSelection
from pytest_multicore.environments.catalogue import CURRENT, Environment
from pytest_multicore.environments.flags import parse
from pytest_multicore.environments.overlay import Overlay
from pytest_multicore.environments.provision import Installation
from pytest_multicore.environments.variables import HASH_SEED, LIBRARY_PATH, ChildVariables, child_variables
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.settings.world_at_start import WORLD

AS_FOUND = BlasSelection("as found")
THEANO = Environment("own", requires=("Theano",), env={"KERAS_BACKEND": "theano"})
OPENBLAS = BlasSelection(
    "scipy", Path("/b"), Path("/b/libopenblas.so"), "-L/b -l:libopenblas.so", library_path="/b", note=""
)
HERE = Installation(Path(sys.executable), Path("/site"), (3, 11, 0), None, "here")


def variables(
    environment: Environment,
    where: Installation,
    blas: BlasSelection = AS_FOUND,
    *,
    threads: int | None = None,
    theano_flags: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
    world: dict[str, str] | None = None,
) -> ChildVariables:
    return child_variables(
        environment, where, blas, threads=threads, theano_flags=theano_flags or {}, env=env or {}, environ=world or {}
    )


def test_inheriting_in_the_current_interpreter_fixes_hashes_and_changes_nothing_else() -> None:
    world = {"OMP_NUM_THREADS": "3", "PYTHONPATH": "/p", "VIRTUAL_ENV": "/v", "ACCESS": "secret"}

    child = variables(CURRENT, HERE, world=world)

    assert (child.variables, child.set, child.overridden) == (world | HASH_SEED, HASH_SEED, {})


@pytest.mark.parametrize("given", ["77", "random"])
def test_a_hash_seed_of_the_world_is_kept(given: str) -> None:
    world = {"PYTHONHASHSEED": given}

    child = variables(CURRENT, HERE, world=world)

    assert (child.variables, child.set) == (world, {})


def test_another_interpreter_is_not_told_of_the_parents_environment(provisioned: Installation) -> None:
    world = {
        "PYTHONPATH": "/p",
        "PYTHONHOME": "/h",
        "VIRTUAL_ENV": "/v",
        "CONDA_PREFIX": "/c",
        "__PYVENV_LAUNCHER__": "/l",
        "PYTENSOR_FLAGS": "kept=1",
        "PIP_INDEX_URL": "kept",
    }

    child = variables(Environment("own", requires=("six",)), provisioned, world=world)

    assert child.variables == {"PYTENSOR_FLAGS": "kept=1", "PIP_INDEX_URL": "kept"} | HASH_SEED


def test_threads_are_set_and_what_they_replace_is_told() -> None:
    child = variables(CURRENT, HERE, threads=2, world={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "2"})

    assert child.variables["OPENBLAS_NUM_THREADS"] == "2"
    assert child.overridden == {"OMP_NUM_THREADS": "1"}
    assert "MKL_NUM_THREADS" not in child.set


def test_the_childs_env_wins_over_threads_and_environment(provisioned: Installation) -> None:
    child = variables(THEANO, provisioned, threads=2, env={"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "other"})

    assert child.variables["OMP_NUM_THREADS"] == "1"
    assert child.variables["KERAS_BACKEND"] == "other"


def test_a_secret_that_is_replaced_is_not_told() -> None:
    child = variables(CURRENT, HERE, env={"ACCESS": "new"}, world={"ACCESS": "old"})

    assert child.variables["ACCESS"] == "new"
    assert child.overridden == {}


def test_flags_of_the_world_stay_and_ours_go_over_them(provisioned: Installation) -> None:
    world = {"THEANO_FLAGS": "optimizer=fast_run,blas.ldflags=-lblas -lgfortran,device=cuda"}

    child = variables(THEANO, provisioned, OPENBLAS, theano_flags={"openmp": "True"}, world=world)

    flags = parse(child.variables["THEANO_FLAGS"])
    assert flags.pop("base_compiledir")
    assert flags == {
        "optimizer": "fast_run",
        "blas.ldflags": "-L/b -l:libopenblas.so",
        "device": "cuda",
        "openmp": "True",
    }
    assert child.overridden == world


def test_flags_that_are_only_added_override_nothing(provisioned: Installation) -> None:
    child = variables(THEANO, provisioned, world={"THEANO_FLAGS": "optimizer=fast_run"})

    assert parse(child.variables["THEANO_FLAGS"])["device"] == "cpu"
    assert child.overridden == {}


def test_every_environment_flag_set_and_blas_compiles_into_a_folder_of_its_own(
    provisioned: Installation, cache_folder: Path
) -> None:
    other = Installation(provisioned.python, provisioned.site_packages, (3, 9, 18), provisioned.folder, "other key")
    folders = [
        parse(variables(THEANO, where, blas, theano_flags=flags).variables["THEANO_FLAGS"])["base_compiledir"]
        for where, blas, flags in (
            (provisioned, AS_FOUND, {}),
            (provisioned, AS_FOUND, {"openmp_elemwise_minsize": "1"}),
            (provisioned, AS_FOUND, {"openmp_elemwise_minsize": "2"}),
            (provisioned, OPENBLAS, {}),
            (other, AS_FOUND, {}),
        )
    ]

    assert len(set(folders)) == 5
    assert all(folder.startswith(str(cache_folder / "compiled")) for folder in folders)


def test_each_thread_count_compiles_in_a_folder_of_its_own(provisioned: Installation) -> None:
    """Two sides set up at the same time: in one folder they would wait for each other's lock."""
    one, two = (variables(THEANO, provisioned, threads=count).variables["THEANO_FLAGS"] for count in (1, 2))

    assert one != two
    assert one.partition("base_compiledir")[0] == two.partition("base_compiledir")[0]


def test_a_compile_folder_that_is_asked_for_is_kept(provisioned: Installation) -> None:
    child = variables(THEANO, provisioned, theano_flags={"base_compiledir": "/mine"})

    assert parse(child.variables["THEANO_FLAGS"])["base_compiledir"] == "/mine"


def test_pytensor_is_told_in_its_own_spelling(provisioned: Installation) -> None:
    pytensor = Environment("own", requires=("pytensor",))

    child = variables(pytensor, provisioned, OPENBLAS, theano_flags={"gcc.cxxflags": "-O2"})

    flags = parse(child.variables["PYTENSOR_FLAGS"])
    assert flags.pop("base_compiledir")
    assert flags == {"blas__ldflags": "-L/b -l:libopenblas.so", "gcc__cxxflags": "-O2"}
    assert "THEANO_FLAGS" not in child.variables


def test_our_library_path_goes_first_and_the_worlds_stays(provisioned: Installation) -> None:
    child = variables(THEANO, provisioned, OPENBLAS, world={LIBRARY_PATH: "/w"})

    assert child.variables[LIBRARY_PATH] == "/b:/w"
    assert child.overridden == {}


def test_our_library_path_goes_before_the_environments(provisioned: Installation) -> None:
    environment = replace(THEANO, env={LIBRARY_PATH: "/e"})

    assert variables(environment, provisioned, OPENBLAS, world={LIBRARY_PATH: "/w"}).variables[LIBRARY_PATH] == "/b:/e"
    assert variables(environment, provisioned).variables[LIBRARY_PATH] == "/e"


@pytest.mark.parametrize(
    ("of_environment", "of_child", "expected"),
    [
        ({}, {}, "/base:/w"),
        ({"PYTHONPATH": "/e"}, {}, "/base:/e"),
        ({"PYTHONPATH": "/e"}, {"PYTHONPATH": "/c"}, "/base:/c"),
    ],
)
def test_a_base_goes_before_what_the_program_has_on_its_path(
    monkeypatch: pytest.MonkeyPatch, of_environment: dict[str, str], of_child: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(WORLD, "child_environ", lambda _environ: {"PYTHONPATH": "/w"})
    program = PreparedEnvironment(replace(CURRENT, env=of_environment), HERE, AS_FOUND)
    base = replace(program, base=Overlay(Path("/base"), ("a==1",), "a", ("a",)))

    assert base.variables(1, {}, of_child).variables["PYTHONPATH"] == expected
    assert program.variables(1, {}, of_child).variables["PYTHONPATH"] == expected.removeprefix("/base:")


def test_a_base_goes_before_nothing_in_another_interpreter(
    provisioned: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WORLD, "child_environ", lambda _environ: {"PYTHONPATH": "/w"})
    base = PreparedEnvironment(THEANO, provisioned, AS_FOUND, Overlay(Path("/base"), ("a==1",), "a", ("a",)))

    assert base.variables(1, {}, {}).variables["PYTHONPATH"] == "/base"


@pytest.mark.parametrize("theano_flags", [{}, {"openmp": "True"}])
def test_an_interpreter_of_unknown_content_gets_flags_only_when_some_are_given(theano_flags: dict[str, str]) -> None:
    child = variables(CURRENT, HERE, theano_flags=theano_flags)

    assert ("THEANO_FLAGS" in child.variables) is bool(theano_flags)
