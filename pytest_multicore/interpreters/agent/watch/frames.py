"""Whose code a frame is of, and whether its line only waits."""

import linecache
import os
import re

OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAIT_CALL = re.compile(r"\b(get|acquire|wait|recv|recv_bytes|select|poll)\(|_handle\.join\(")  # of the standard library
PYTEST_FOLDERS = (os.sep + "_pytest" + os.sep, os.sep + "pluggy" + os.sep)
PACKAGE_FOLDERS = ("site-packages", "dist-packages")
STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))


def place(frame):
    """Path, line and function."""
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def waits(path, number):
    """Whether a line of the standard library waits, like a pool's worker for its next task."""
    return is_standard_library(path) and bool(WAIT_CALL.search(linecache.getline(path, number)))


def user_frame(frame):
    """The innermost frame of the user's own code; None where that is the given frame, or there is none."""
    inner = frame
    while frame is not None and not is_user_code(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is inner else frame


def is_user_code(path):
    """Whether a file is neither the agent's nor Python's nor a package's."""
    own = path.startswith(("<", OWN_FOLDER + os.sep)) or is_standard_library(path)
    return not own and not any(part in path for part in PACKAGE_FOLDERS)


def is_standard_library(path):
    """Whether a file is Python's own."""
    return path.startswith(STANDARD_LIBRARY + os.sep) and not any(part in path for part in PACKAGE_FOLDERS)


def is_pytests(path):
    """Whether a file is pytest's, which calls a test for the agent."""
    return any(folder in path for folder in PYTEST_FOLDERS)
