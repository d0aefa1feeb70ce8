"""The dialogue after hello: messages in and out, and what of the session user code's runners may use."""


class Dialogue(object):
    """Messages in and out, and what the session answers to one."""

    def __init__(self, wire, session, protocol, load_sibling):
        self._wire = wire
        self._session = session
        self._protocol = protocol
        self._channel, self._failures = load_sibling("dialogue/channel"), load_sibling("dialogue/failures")

    def receive(self):
        """The next message that can be understood; `close` at end of file."""
        while True:
            line = self._wire.receive()
            if not line:
                return {"type": "close"}
            try:
                return self._channel.decode(line, self._protocol)
            except self._channel.Misunderstood as misunderstanding:
                self._send_failure("protocol", misunderstanding)

    def answer(self, message):
        """The message that answers one, a failure's where there is nothing better."""
        try:
            return self._session.answer(message)
        except self._failures.Failure as failure:
            return failure.message()

    def send(self, message):
        """Send one; what JSON cannot carry goes as an error."""
        try:
            self._wire.send(message)
        except self._channel.Uncarried as uncarried:
            self._send_failure("value", uncarried)

    def clocked(self, work):
        """Do some work once; returns what a round's answer tells of its own."""
        return self._session.measure_first(work, 1)

    def measure(self, target, region):
        """Have rounds repeat this region from now on."""
        self._session.target, self._session.region = target, region

    def _send_failure(self, kind, error):
        self._wire.send(self._failures.Failure(kind, self._failures.text(error)).message())
