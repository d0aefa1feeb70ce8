"""The `imports` message: import packages, one after the other, and tell what each leaves changed.

parent -> imports   {"names": ["package.module"], "path": [directories for the front of sys.path]}
before any other work, once
child  -> imported  {"changes": see start_changes.py, each with the step "import of NAME",
"setters": see setter_calls.py,
"gil_modules": [names of loaded extension modules that switch the lock on: see gil_modules.py],
"failures": {name: "ImportError: ..."}}
"""

import sys


def answer(message, changes, load_sibling):
    """The answer to the message.

    Args:
        message: see this file's docstring.
        changes: the changes since the start.
        load_sibling: returns a module of the agent.
    """
    failures, targets = load_sibling("dialogue/failures"), load_sibling("dialogue/targets")
    targets.prepend_path([targets.native(folder) for folder in message["path"]])
    calls = load_sibling("watch/setter_calls").SetterCalls(load_sibling, changes, lambda: False)
    changes.fine = True
    failed = {}
    for name in message["names"]:
        changes.enter("import of %s" % name)
        try:
            __import__(targets.native(name))
        except:  # noqa: E722 - 2.7 can raise classes that are no BaseException
            failed[name] = failures.one_line(*sys.exc_info()[:2])
    changes.enter("after the imports")
    gil_modules = load_sibling("watch/gil_modules").switching_on(failures.text)
    return {
        "type": "imported",
        "changes": changes.report(),
        "setters": calls.report(),
        "gil_modules": gil_modules,
        "failures": failed,
    }
