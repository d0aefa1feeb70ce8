"""What the agent counts and adds up while threads of the program come by at once, on each interpreter."""

import json
import subprocess

from tests.interpreters.dialogue import AGENT, on_every_interpreter

TALLY = AGENT / "watch" / "tally.py"

FROM_THREADS = """
import json, sys, threading
tally = {"__name__": "tally"}
exec(open(sys.argv[1]).read(), tally)
count, total, known = tally["Count"](), tally["Sum"](), tally["Count"]()

def work():
    for _ in range(20000):
        count.add()
        total.add(0.5)

if hasattr(sys, "setswitchinterval"):
    sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
readings = [count.value(), count.value()]
count.add()
print(json.dumps(readings + [count.value(), total.value(), known.value()]))
"""


@on_every_interpreter
def test_nothing_that_threads_add_at_once_is_lost(python: str) -> None:
    command = [python, "-c", FROM_THREADS, str(TALLY)]
    output = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    assert json.loads(output) == [80000, 80000, 80001, 40000.0, 0]
