"""Native stacks as py-spy 0.4.3 prints them. Those of a real child: test_profiles.py."""

from __future__ import annotations

import pytest

from pytest_multicore.interpreters.native_stacks import NativeFunction, plain_name, stacks_of

pytestmark = pytest.mark.quick

ROUND = "thread (7): MainThread;main (runner.py:3);measure (dialogue/clocks.py:90);work (work.py:2)"
UMATH = "numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so"


def rows(*entries: tuple[str, int], thread: str = ROUND) -> str:
    return "".join(f"{thread}{frames} {count}\n" for frames, count in entries)


def test_a_stack_that_ends_in_a_python_frame_was_in_the_interpreter() -> None:
    found = stacks_of(rows(("", 3), (";<genexpr> (work.py:2)", 5), (";PyLong_Add (libpython3.11.so.1.0)", 2)))

    assert (found.samples, found.interpreter_share, found.functions) == (10, 1.0, ())


def test_a_function_of_a_library_is_told_with_the_one_that_was_called() -> None:
    stack = f";sort (numpy/_core/fromnumeric.py:1092);array_sort ({UMATH});np::qsort<double> ({UMATH})"
    found = stacks_of(rows((stack, 3), (stack + ";0x7f9 (libc.so.6)", 5), ("", 2)))

    assert found.functions == (NativeFunction("numpy/_core/_multiarray_umath.so", "array_sort", "np::qsort", 0.8),)
    assert (found.packages, found.interpreter_share) == ([("numpy", 0.8)], 0.2)


def test_what_a_library_has_done_by_another_is_the_others() -> None:
    stack = ";EVP_hash (_hashopenssl.c:442);SHA256_Update (libcrypto.so.3);0x7feab049c2a1 (libcrypto.so.3)"

    assert stacks_of(rows((stack, 1))).functions[0].library == "libcrypto.so.3"


def test_lines_of_sources_that_debug_symbols_tell_are_one_library() -> None:
    stack = ";scanner_call (_json.c:1159);_match_number (_json.c:1010);Py_DECREF (object.h:538)"
    (found,) = stacks_of(rows((stack, 1))).functions

    assert (found.library, found.outer, found.inner) == ("_json.c", "scanner_call", "Py_DECREF")


@pytest.mark.parametrize(
    "stack",
    [
        "thread (5): Pool-0_0;run (threading.py:982);_worker (concurrent/futures/thread.py:81);get (_queue.c:9)",
        "thread (7): MainThread;measure (clocks.py:9);result (_base.py:451);Condition.wait (threading.py:3)",
        "thread (9): Thread-1 (run_server);run_server (pytest_rerunfailures.py:406);accept (socket.py:294);"
        "sock_accept (socketmodule.c:2876);sock_accept_impl (socketmodule.c:2850)",
        "thread (7): MainThread;measure (clocks.py:9);run (subprocess.py:550);_try_wait (subprocess.py:1977)",
        "thread (8): Thread-2 (_handle_tasks);run (threading.py:982);_handle_tasks (pool.py:531)",
    ],
    ids=["a worker", "its caller", "a server", "who waits for a process", "a pool's thread without a task"],
)
def test_who_waits_for_a_task_or_its_result_is_not_at_work(stack: str) -> None:
    assert stacks_of(rows(("", 4), thread=stack)).samples == 0
    assert stacks_of(rows((";_WorkItem.run (thread.py:58);encode (blosc.c:9)", 4), thread=stack)).samples == 4


def test_a_worker_in_a_file_of_a_like_name_is_at_work() -> None:
    assert stacks_of(rows((";worker (work_queue.py:5);compress (libz.so)", 4))).samples == 4


@pytest.mark.parametrize(
    ("inner", "waits"),
    [
        ("absl::lts_20260107::synchronization_internal::FutexWaiter::WaitUntil(timespec)", True),
        ("tsl::BlockUntilReady(tsl::AsyncValue*)", True),
        ("pthread_cond_timedwait", True),
        ("std::condition_variable::wait(std::unique_lock<std::mutex>&)", True),
        ("xla::cpu::KernelThunk::Execute(xla::cpu::Thunk::ExecuteParams const&)", False),
        ("awaited_products", False),
        ("gomp_team_barrier_wait_end", False),
    ],
)
def test_who_waits_for_a_librarys_own_thread_is_not_at_work(inner: str, waits: bool) -> None:
    """py-spy leaves out who sleeps. Beside neighbours a caller that was woken may have no core yet."""
    stack = f";PjitFunction_call (jaxlib/libjax_common.so);{inner} (jaxlib/libjax_common.so)"
    assert stacks_of(rows((stack, 4), ("", 1))).samples == (1 if waits else 5)


@pytest.mark.parametrize(
    "stack",
    [
        "thread (9);Sampler._run (watch/sampler.py:150);time_sleep (libpython3.11.so.1.0)",
        "thread (7): MainThread;main (runner.py:3);read (dialogue/channel.py:12)",
    ],
    ids=["its sampler", "between two rounds"],
)
def test_the_agent_itself_is_left_out(stack: str) -> None:
    assert stacks_of(rows(("", 4), thread=stack)).samples == 0


def test_other_threads_are_told_by_their_names_without_numbers() -> None:
    worker = "thread (0x7F): ThreadPoolExecutor-0_1;_worker (thread.py:83);run (thread.py:58);encode (blosc.c:9)"
    found = stacks_of(rows(("", 1), thread=worker) + rows(("", 1)))

    assert found.threads == {"ThreadPoolExecutor-#_#": 0.5, "MainThread": 0.5}


@pytest.mark.parametrize(
    ("printed", "plain"),
    [
        ("qsort_<zmm_vector<double>, Comparator<zmm_vector<double>, false>, double>", "qsort_"),
        ("wrap<&fft_loop<double>(char**, long const*)>", "wrap"),
        ("_new_sortlike.isra.0", "_new_sortlike"),
        ("tokenizers::models::bpe::merge::h0123456789abcdef", "tokenizers::models::bpe::merge"),
        ("_RNvMs5_NtCs1C1lLj4PWSY_5alloc7raw_vecNtB5_11RawVecInner", ""),
        ("operator()", "operator"),
    ],
)
def test_names_are_those_of_the_source(printed: str, plain: str) -> None:
    assert plain_name(printed) == plain
