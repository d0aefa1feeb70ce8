"""Feed the decoder of the agent's messages with wrong ones: each must give a message or a ProtocolError.

    python benchmarks/fuzz_protocol.py [INPUTS]

Half of the inputs are messages of the protocol with bytes changed, left out, doubled or joined with another's; half are
random bytes. With atheris installed (``pip install atheris``), coverage guides as many inputs again.
"""

import json
import random
import sys
import time

from pytest_multicore.errors import ProtocolError
from pytest_multicore.interpreters import protocol

SEED = 2544
FIELDS = {
    "wall_s": 0.1,
    "process_cpu_start_s": 1.0,
    "process_cpu_end_s": 1.2,
    "children_cpu_s": 0.0,
    "clocks_s": 1e-6,
    "ended_cpu_s": 0.0,
    "ended_wait_s": 0.0,
}
MESSAGES = [
    json.dumps({"protocol": 1, "question": 7, "type": kind, **FIELDS, "value": value}).encode()
    for kind in ("done", "ready", "facts", "error")
    for value in (None, [1, [2, {"a": "é\u202e\x00"}]], {"traceback": "  File 'x'\n"}, 1e308, -0.0, True)
]
SNIPPETS = [
    b"NaN",
    b"Infinity",
    b"1e999",
    b"9" * 400,
    b"[" * 2000,
    b'{"a":' * 2000,
    b"\xff\xfe",
    b"\\ud800",
    b'"',
    b",",
]


def mutated(draw: random.Random) -> bytes:
    """A message with one to eight changes."""
    line = bytearray(draw.choice(MESSAGES))
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(line) + 1)
        match draw.randrange(5):
            case 0:
                line[at : at + 1] = draw.randbytes(1)
            case 1:
                del line[at : at + draw.randint(1, 20)]
            case 2:
                line[at:at] = line[: draw.randint(0, 20)]
            case 3:
                line[at:at] = draw.choice(SNIPPETS)
            case _:
                line[at:] = draw.choice(MESSAGES)[at:]
    return bytes(line)


def decodes(line: bytes) -> bool:
    """Whether it was taken for a message; raises what the decoder must never raise."""
    try:
        message = protocol.decode(line)
        for field in FIELDS:
            protocol.seconds_in(message, field)
    except ProtocolError:
        return False
    return True


def main() -> None:
    """Print how many inputs were taken and refused."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    draw, taken, began = random.Random(SEED), 0, time.monotonic()
    for number in range(inputs):
        taken += decodes(mutated(draw) if number % 2 else draw.randbytes(draw.randint(0, 200)))
    print(f"{inputs:,} inputs in {time.monotonic() - began:.0f} s: {taken:,} messages, {inputs - taken:,} refused")
    try:
        import atheris
    except ImportError:
        return
    for name in ("decode", "seconds_in", "_finite"):
        setattr(protocol, name, atheris.instrument_func(getattr(protocol, name)))
    atheris.Setup([sys.argv[0], f"-atheris_runs={inputs}"], lambda line: decodes(bytes(line)) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
