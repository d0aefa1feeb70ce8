"""Why a child's pytest session ended before its answer: the parent gets a message, where it would wait for minutes.

    child -> exited   {"reason", "returncode": n | null}    pytest.exit was called, anywhere
          or error    an internal error, Ctrl-C, or anything else that ended it

in place of any answer of pytest_agent.py.
"""


class AnswerTracker(object):
    """The dialogue, with a note of whether the parent waits for an answer.

    Attributes:
        answer_due: whether it does.
    """

    def __init__(self, dialogue):
        self._dialogue = dialogue
        self.answer, self.measure, self.clocked = dialogue.answer, dialogue.measure, dialogue.clocked
        self.step = dialogue.step
        self.answer_due = True  # that of `test`

    def receive(self):
        """See dialogue.Dialogue."""
        message = self._dialogue.receive()
        self.answer_due = message["type"] != "close"
        return message

    def send(self, message):
        """See dialogue.Dialogue."""
        self._dialogue.send(message)
        self.answer_due = False


class SessionEnd(object):
    """The plugin that notes why the session ended."""

    def __init__(self):
        self._exit = None
        self._reason = None
        self._text = ""

    def pytest_internalerror(self, excrepr):
        """Note an internal error of pytest or of a plugin."""
        self._reason, self._text = "an internal error ended pytest there", str(excrepr)

    def pytest_keyboard_interrupt(self, excinfo):
        """Note pytest.exit or Ctrl-C."""
        from _pytest.outcomes import Exit

        if isinstance(excinfo.value, Exit):
            code = excinfo.value.returncode
            self._exit = {"reason": str(excinfo.value.msg), "returncode": None if code is None else int(code)}
        else:
            self._reason, self._text = "%s ended pytest there" % excinfo.typename, str(excinfo.getrepr(style="short"))

    def message(self, lost, default_reason):
        """The message for the parent.

        Args:
            lost: makes an error message from a reason.
            default_reason: the reason where none was noted.
        """
        if self._exit is not None:
            return dict(self._exit, type="exited")
        message = lost(self._reason or default_reason)
        texts = [message["traceback"], self._text]
        return dict(message, traceback="\n".join(text for text in texts if text))
