"""The dialogue after hello: messages in and out, and the parts of the session that a test's runner may use."""


class Dialogue(object):
    """Messages in and out, and the session's answers."""

    def __init__(self, wire, session, protocol, load_sibling):
        self._wire = wire
        self._session = session
        self._protocol = protocol
        self._channel, self._failures = load_sibling("dialogue/channel"), load_sibling("dialogue/failures")

    def receive(self):
        """The next valid message; `close` at end of file."""
        while True:
            line = self._wire.receive()
            if not line:
                return {"type": "close"}
            try:
                message = self._channel.decode(line, self._protocol)
                self._wire.question = message.get("question")
                return message
            except self._channel.InvalidMessage as error:
                self._send_failure("protocol", error)

    def answer(self, message):
        """The answer to a message; an error message where it fails."""
        try:
            return self._session.answer(message)
        except self._failures.Failure as failure:
            return failure.message()

    def send(self, message):
        """Send a message; an error in its place where JSON cannot carry it."""
        try:
            self._wire.send(message)
        except self._channel.NotSerializable as error:
            self._send_failure("value", error)

    def clocked(self, work):
        """Run some work once; returns the same figures as a round's answer."""
        return self._session.measure_first(work, 1)

    def step(self, name):
        """Another step begins, as changes since the start name it; returns the name of the one before."""
        return self._session.changes.enter(name)

    def measure(self, target, region):
        """Make rounds repeat this region from now on."""
        self._session.target, self._session.region = target, region

    def _send_failure(self, kind, error):
        self._wire.send(self._failures.Failure(kind, self._failures.text(error)).message())
