"""Every threshold of measurement/ and verdicts/, with its unit, its reason and its source.

Each threshold is about the machine, the clocks or the statistics, never about one program. ``MIN_`` and ``MAX_`` say
which side of the value still counts. ``_S`` are seconds, ``_CORES`` cores, ``_SHARE`` a part of 1, ``_RATIO`` times as
much. What a user may set (confidence, budget, settle time) is in settings/options.py. tests/test_house.py keeps
thresholds out of the other modules.
"""

from __future__ import annotations

# --- The length of a round, of a burst of the control, and of the pauses between them ---------------------------------

#: Wall seconds of a round at least: a clock may not tick within a short region, which took some time even so.
MIN_WALL_S = 1e-9
#: Seconds that repetitions of short work fill: clocks, messages and a wake-up (tens of microseconds) do not matter in
#: it. Rounds of 20, 40 and 80 ms were measured too, quiet and beside neighbours: their ratios spread no less, more of
#: them are disturbed, and each costs its length.
ROUND_S = 0.03
#: Seconds of a round that is long enough: the first one, cold, often takes longer than those that follow.
MIN_ROUND_S = ROUND_S / 2
#: Repetitions in a round: more are not asked for, however short the region is.
MAX_REPEAT = 1_000_000
#: Times the repetitions of the last round: a very short round says little about the next, so the count grows in steps.
MAX_REPEAT_GROWTH_RATIO = 1000.0

#: Cores that an interpreter at rest uses. A spinning thread shows as 1.0, a sleeping runtime's timers as 0.00.
MAX_REST_CORES = 0.05
#: Readings in a row that find it at rest: beside background load, a thread that spins may get no core for some moments.
REST_READINGS = 3
#: Seconds that one waits for it.
MAX_REST_WAIT_S = 1.0
#: Seconds between two readings, and the ticks of the CPU clock that must lie between them.
MIN_REST_INTERVAL_S, MIN_REST_INTERVAL_TICKS = 0.002, 1.5

#: Seconds that a session that has measured leaves to others that wait for the machine: on a crowded one a process wakes
#: up late.
MAX_WAKE_UP_S = 1.0

#: Seconds of a burst of the control. At ordinary priority a neighbour's slices are of 3 ms.
MIN_BURST_S, MAX_BURST_S = 0.012, 0.1
#: Seconds of a burst, as a share of the round's, within these bounds.
BURST_ROUND_SHARE = 0.5
#: Seconds by which a burst is announced ahead, so that every worker knows before the first begins; and more a worker.
BURST_LEAD_S, BURST_LEAD_PER_WORKER_S = 0.0006, 0.00003
#: Seconds of a burst in which one worker copies memory.
COPY_BURST_S = 0.004
#: CPU time of the worker that copies, as a share of its burst: with less, another process had its core, and its
#: speed says nothing.
MIN_COPY_CPU_SHARE = 0.3
#: Rows of the control for the doctor: the middle three of five pass over one that is disturbed. On a busy machine it
#: takes up to so many, until one worker alone was undisturbed in some.
DOCTOR_ROWS, MAX_DOCTOR_ROWS = 5, 15
#: Bursts of one worker alone that must have been undisturbed, to compare others with.
MIN_UNDISTURBED_BURSTS = 3

#: Seconds between two samples of the threads.
SAMPLE_INTERVAL_S = 0.005
#: CPU time of the sampler, as a share of one core: a sample reads all processes, and on a large machine there are many.
MAX_SAMPLER_CPU_SHARE = 0.2

# --- Which threads worked, and what others used ----------------------------------------------------------------------

#: CPU seconds of a thread that did no work: going on after a pause wakes all threads, for 5 to 28 us here.
MAX_WAKE_UP_CPU_S = 0.0002
#: CPU seconds of the children that were waited for, by which the kernel's account may differ from the exact one: it has
#: user and system time in ticks of 10 ms each.
MAX_REAPED_TICKS_S = 0.02
#: Times that a tree of processes is read while some of it end: their time is in an entry that was read before.
MAX_TREE_READINGS = 3
#: CPU seconds that the living threads may lack of their process's, and none has ended all the same: threads are counted
#: to the nanosecond, or, where waits are unknown, in ticks of 10 ms.
MAX_CPU_GAP_S, MAX_CPU_GAP_TICKS_S = 0.001, 0.02
#: The same as a share: the threads' clocks are read a little later than the process's.
MAX_CPU_GAP_SHARE = 0.05
#: Cores of background load that may be none: it is counted in ticks of 10 ms over a short round.
MAX_BACKGROUND_NOISE_CORES = 0.2
#: Cores of another process that is named as busy, and how many are named.
MIN_BUSY_PROCESS_CORES, MAX_BUSY_PROCESSES = 0.05, 3

# --- Undisturbed rows ------------------------------------------------------------------------------------------------

#: Wait for a core, or steal, as a share of a round's wall time: with more the round is disturbed, or its threads
#: waited. Background load, as a share of the wall time of all rounds: with less there was none.
MAX_DISTURBANCE_SHARE = 0.05
#: CPU time of a control's worker, as a share of its burst: with less it was disturbed.
MIN_CONTROL_CPU_SHARE = 0.95
#: Share of a verdict's error that all rows together may have. The undisturbed ones have the rest.
ALL_ROWS_ERROR_SHARE = 0.8
#: Share of the time of a measurement that undisturbed rows come from, to say of the whole that it is slow.
MIN_SPAN_SHARE = 0.5

# --- The real-time class ---------------------------------------------------------------------------------------------

#: Rows taken in each class before one is chosen.
TRIAL_ROWS = 3
#: Times that the real-time class is tried: a few rows may look like other work by what their host does meanwhile.
MAX_TRIALS = 3
#: Rounds whose threads waited: so many in the rows of a trial are no chance.
MIN_ROUNDS_WITH_WAITS = 3
#: Cores demanded, as a ratio to those that may be used. Two threads on two cores demand two at most, whatever the
#: background load; more threads than cores are in each other's way.
MAX_DEMAND_RATIO = 1.1
#: CPU time of a repetition in one class, as a ratio to the other's. Rounds of the same work differ by less; a spinning
#: pool of one worker took 1.6 times as much.
MAX_WORK_RATIO = 1.25

# --- What the control says of the machine ----------------------------------------------------------------------------

#: Rows with a control, as a share of all: with fewer, the machine is taken to attain nothing.
MIN_CONTROL_ROWS_SHARE = 0.5
#: Attained speed-up, as a share of what cores of one's own would give: with less, the reports say so.
MIN_ATTAINED_SHARE = 0.85
#: CPU time of the same work on more cores, as a share of that on fewer. Each core has caches of its own, which saves
#: some of it. An expression whose temporaries one thread alone gave back and took again read 0.12 to 0.16.
MIN_SAME_WORK_CPU_SHARE = 0.75
#: Speed of the slowest core as a share of the fastest's. No machine's cores differ by more.
MIN_EVENNESS = 0.05
#: Copying speed beside background load, as a share of that without. Of 60 pairs of bursts without a neighbour that
#: copies, the lowest tenth lay under 0.76 to 0.92; beside one, the lowest quarter under 0.54 (one run each, 2 cores).
MIN_MEMORY_SHARE = 0.75
#: Bursts with a lower copying speed, as a share of all: with more, the neighbour had the memory's bandwidth.
MAX_SLOW_MEMORY_SHARE = 0.25
#: Cores busy by which the medians of two sides may differ, and neither keeps more busy.
MAX_CORES_DIFFERENCE = 0.1

# --- Where the cores went ---------------------------------------------------------------------------------------------

#: CPU time of a thread as a share of the busiest one's: with less it is a helper, which woke up or handed out work. The
#: main thread of a pool of Python's threads had 6 to 8 % over parts of 10 ms.
MIN_TEAM_CPU_SHARE = 0.1
#: Cores lost, as a ratio to the sum of the medians of all losses: with more, each is absent from most rows.
MAX_LOSSES_RATIO = 1.5

# --- One thread, one process, one gain -------------------------------------------------------------------------------

#: Cores that one thread keeps busy which does nothing else, by clocks that are read one after the other.
MIN_ONE_THREAD_CORES, MAX_ONE_THREAD_CORES = 0.9, 1.1
#: CPU time of a thread at work, as a share of the busiest one's. The caller of a pool of Polars had 8 %.
MIN_AT_WORK_SHARE = 0.2
#: Cores that a program keeps busy that waits and hardly works: threads that sleep for 20 ms each kept 0.01 to 0.05.
MAX_WAITING_CORES = 0.2
#: Cores busy at the baseline, as a ratio to its threads: more show a pool that no setting reaches.
MAX_BASELINE_CORES_RATIO = 1.25
#: Speed of one process as a ratio to another's that does the same, whatever their threads. Up to 1.11 was seen, where
#: memory is laid out anew in each, and it lasts as long as they live (docs/explanation/measuring.md, Layout). A changed
#: program runs in another process than the original, so a proof by time has to exclude it, too.
MAX_PROCESS_SPEED_RATIO = 1.12
#: Sets of further processes that must say what a first set says of a base, where the layout of memory could turn it. Of
#: two processes at random addresses each is faster or slower by up to 6 %: a loss of 0.1 that is none shows in one set
#: of 16, and in three of three sets in one case of 4000 (benchmarks/bases.py).
FURTHER_PROCESSES = 2
#: Times that a bisection makes a comparison that stays undecided, before it steps over the candidate. What a busy
#: machine leaves open it may tell a minute later; a loss near its limit stays open.
MAX_COMPARISON_TRIES = 3
#: Speed-up below which more threads are clearly slower. Processes at the same addresses differ by less
#: (docs/explanation/measuring.md, Layout); and a bound that is looked at again and again falls below 1 by chance.
MIN_EQUAL_SPEEDUP = 0.95
#: Busy or useful cores as a ratio to the baseline's: with less, the cores beyond the baseline's bought next to nothing.
MIN_GAIN_RATIO = 1.15

# --- Two runs ---------------------------------------------------------------------------------------------------------

#: Attained speed-up of one run as a ratio to another's, either way: with more, and intervals apart, the machine did not
#: give the same, and what the program gained from its cores is not compared. In seven runs of one test with bounds,
#: beside other busy processes, it lay from 1.99 to 2.02 (2 cores).
MAX_ATTAINED_CHANGE_RATIO = 1.1

# --- First calls and later ones --------------------------------------------------------------------------------------

#: Wall time and CPU time of a first call as ratios to later ones', and wall seconds more. First calls with nothing to
#: warm up but caches took 1.0 to 1.8 times as long, those of under 1 ms up to 8 times; pytest's own part of one is 0.1
#: to 0.4 ms. Beside other load one waited for cores for 187 of 203 ms: wall time alone shows nothing.
MIN_FIRST_CALL_RATIO, MIN_FIRST_CALL_EXCESS_S = 5.0, 0.005
#: Cores that a first call keeps busy beyond later ones, and its CPU seconds: less may be a thread's last moments.
MAX_FIRST_CALL_EXCESS_CORES, MIN_FIRST_CALL_CPU_S = 0.3, 0.02
#: Seconds of a later call that still holds work for several cores: to have a thread of a pool do nothing took 21 us,
#: and pytest's own part of a repeated call 7 to 12 us.
MIN_PARALLEL_CALL_S = 30e-6
#: Cores busy in a later call: with so many it holds work for several, however short it is.
MIN_PARALLEL_CALL_CORES = 1.3
#: CPU seconds, or wall seconds, that a first call needs beyond later ones to have worked: others may have done it.
MIN_FIRST_CALL_WORK_S, MIN_FIRST_CALL_WAIT_S = 0.005, 0.1
#: Wall time and CPU time of the call after a new set-up, as shares of the first call's: so long again.
MIN_NEW_SET_UP_CALL_SHARE = 0.5

# --- Statistics, stopping and the law of a series --------------------------------------------------------------------

#: (share of the capital on this stake, the stake) of the bets in statistics.py. The first decides in 8 values that all
#: agree at 0.99, the fewest but one that any bet on signs can (2**7 > 100); the others serve noisier series, the last
#: very long ones. Found by a search for the fewest values to expect over all shares of agreement.
STAKES = ((0.45, 0.93), (0.3, 0.6), (0.2, 0.3), (0.05, 0.1))
#: Rows beyond the fewest that bound a median, where no limit says when to stop.
SPARE_ROWS = 2
#: Seconds until a forecast of the rows to come, and seconds of the last rows that they are taken to be like. So long it
#: is waited, too, whether a program that seems slower than its base is so for certain: it fails nothing.
FORECAST_S = 10.0
#: Rows that a forecast rests on: fewer say little of those to come. Where rows are long, it looks further back.
MIN_FORECAST_ROWS = 30
#: Confidence that the forecast rows have to reach: so low that the rows to come may be luckier. At 0.9 a limit of 1.5
#: was given up after 20 rows of 1.78x (0.75 s each) on a host that came and went.
FORECAST_CONFIDENCE = 0.6
#: Budget that is advised, as a ratio to the time that the fewest rows need.
ADVISED_BUDGET_RATIO = 1.5
#: Threads of a prediction, as a ratio to the largest count that was fitted: so far a law is believed, and no further.
MAX_EXTRAPOLATION_RATIO = 2
#: Counts beyond the first with which the data can refuse a law: one more than it has parameters.
MIN_AMDAHL_COUNTS, MIN_USL_COUNTS = 2, 3
#: Coherence (kappa) where the search begins: with it two threads take a thousand times as long as one.
MAX_COHERENCE = 1e3
#: Rounding error of a speed-up; far below what any measurement tells apart.
MAX_ROUNDING_ERROR = 1e-9

# --- Figures in words -------------------------------------------------------------------------------------------------

#: Digits after the decimal point of a share in percent; and of a number that is to differ from a limit.
MAX_PERCENT_DIGITS, MAX_DIGITS = 2, 6
