"""Short bursts of a fixed piece of work on several cores at once, counted against CPU time. Run by path (yardstick.py).

    parent -> CPU CPU ...            the cores, one worker each, pinned to it; or "-", not pinned
    parent -> WORKERS START END      numbers of workers, "0,2"; the burst's edges in seconds of CLOCK_MONOTONIC
    child  -> COUNT:CPU_S ...        what each of them did between the edges

The work is SHA3-256 of a buffer that fits the first-level cache: integer arithmetic that keeps a core's units busy, so
that two workers on one core's two hardware threads show about half the speed each. It ends at the end of its input.
"""

import hashlib
import os
import struct
import sys
import time

#: A worker wakes up so long before a burst and warms its caches with the work itself.
WARM_UP_S = 0.0002
EDGES = struct.Struct("dd")
DONE = struct.Struct("qd")
BUFFER = bytes(4096)


def main() -> None:
    """Start the workers by the first line, then have them work by each line that follows."""
    workers = [start(cpu) for cpu in sys.stdin.readline().split()]
    while line := sys.stdin.readline():
        numbers, start_s, end_s = line.split()
        chosen = [workers[int(number)] for number in numbers.split(",")]
        for commands, _ in chosen:
            os.write(commands, EDGES.pack(float(start_s), float(end_s)))
        done = [DONE.unpack(os.read(answers, DONE.size)) for _, answers in chosen]
        print(" ".join(f"{count}:{cpu_s}" for count, cpu_s in done), flush=True)


def start(cpu: str) -> tuple[int, int]:
    """Fork a worker; returns the ends to write its commands to and to read its answers from."""
    (to_read, commands), (answers, to_write) = os.pipe(), os.pipe()
    if not os.fork():
        # The commands of those before it must end when the parent does: no worker keeps another's pipe open.
        os.closerange(3, to_read)
        os.close(commands)
        try:
            work(cpu, to_read, to_write)
        finally:
            os._exit(0)
    os.close(to_read)
    os.close(to_write)
    return commands, answers


def work(cpu: str, commands: int, answers: int) -> None:
    """Work between the edges of each command until they end."""
    if cpu != "-":
        os.sched_setaffinity(0, {int(cpu)})
    while command := os.read(commands, EDGES.size):
        start_s, end_s = EDGES.unpack(command)
        # Asleep until then: one that spins would keep the core from whoever hands out the commands.
        time.sleep(max(0.0, start_s - WARM_UP_S - time.monotonic()))
        while time.monotonic() < start_s:
            hashlib.sha3_256(BUFFER)
        count, began_s = 0, time.process_time()
        while time.monotonic() < end_s:
            hashlib.sha3_256(BUFFER)
            count += 1
        os.write(answers, DONE.pack(count, time.process_time() - began_s))


if __name__ == "__main__":
    main()
