"""Why a child's pytest session ended before it had answered: the parent is told at once, it would wait for minutes.

    child -> exited   {"reason", "returncode": n | null}    pytest.exit was called, wherever that was
          or error    an internal error, Ctrl-C, or whatever else ended it

in the place of any answer of pytest_agent.py's.
"""


class Owing(object):
    """The dialogue, which keeps in mind whether the parent waits for an answer.

    Attributes:
        owed: whether it does.
    """

    def __init__(self, dialogue):
        self._dialogue = dialogue
        self.answer, self.measure, self.clocked = dialogue.answer, dialogue.measure, dialogue.clocked
        self.owed = True  # `test` was asked

    def receive(self):
        """See dialogue.Dialogue."""
        message = self._dialogue.receive()
        self.owed = message["type"] != "close"
        return message

    def send(self, message):
        """See dialogue.Dialogue."""
        self._dialogue.send(message)
        self.owed = False


class Ending(object):
    """The plugin that keeps why the session ended."""

    def __init__(self):
        self._exit = None
        self._why = None
        self._text = ""

    def pytest_internalerror(self, excrepr):
        """Keep what pytest, or a plugin, broke on."""
        self._why, self._text = "an internal error ended pytest there", str(excrepr)

    def pytest_keyboard_interrupt(self, excinfo):
        """Keep who stopped it all."""
        from _pytest.outcomes import Exit

        if isinstance(excinfo.value, Exit):
            code = excinfo.value.returncode
            self._exit = {"reason": str(excinfo.value.msg), "returncode": None if code is None else int(code)}
        else:
            self._why, self._text = "%s ended pytest there" % excinfo.typename, str(excinfo.getrepr(style="short"))

    def message(self, lost, otherwise):
        """The message that tells of it.

        Args:
            lost: makes an error message of a reason.
            otherwise: the reason where none is known.
        """
        if self._exit is not None:
            return dict(self._exit, type="exited")
        message = lost(self._why or otherwise)
        told = [message["traceback"], self._text]
        return dict(message, traceback="\n".join(text for text in told if text))
