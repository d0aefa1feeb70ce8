"""Find the function that a target names."""

import os
import sys

#: Calls a function that loads a module; runner.py has it note what the module's code changes.
import_noted = lambda name, load: load()  # noqa: E731
StartPath = None  # see start_path.py; runner.py gives it
#: What classes have of `type`: a metaclass of the user's may raise where it is asked for an attribute.
CLASS_BASES, CLASS_ATTRIBUTES = type.__dict__["__mro__"], type.__dict__["__dict__"]
BUILT_IN = {}  # name -> module: here and not in sys.modules, where a user's module may have that name


def native(value):
    """Text in the type that the running Python uses for names and paths: bytes in 2.7."""
    return value.encode("utf-8") if isinstance("", bytes) else value


def prepend_path(folders):
    """Put `folders`, in their order, at the front of sys.path; those that are on it already keep their places."""
    new = [folder for folder in folders if folder not in sys.path]
    sys.path[:0] = new


def load(target, workloads):
    """The function that `target` names.

    Args:
        target: "builtin:NAME", "package.module:function" or "/abs/file.py:function".
        workloads: the folder of the built-in ones.

    Raises:
        ImportError: there is no such module or function. What the user's module itself raises is not changed.
    """
    place, colon, name = native(target).rpartition(":")
    if not (place and colon and name):
        raise ImportError("%r is no target: expected module:function, /path/file.py:function or builtin:NAME" % target)
    if place == "builtin":
        return _builtin(name, workloads)
    module = _from_file(place) if os.path.isabs(place) else _from_path(place)
    return _attribute(module, name, place)


def _builtin(name, folder):
    path = os.path.join(folder, name + ".py")
    known = sorted(entry[:-3] for entry in os.listdir(folder) if entry.endswith(".py"))
    if name not in known:
        raise ImportError("there is no built-in workload %r; there are %s" % (name, ", ".join(known)))
    if name not in BUILT_IN:
        BUILT_IN[name] = _run_file(path, type(sys)("pytest_multicore_workload_" + name))
    return BUILT_IN[name].prepare


def call(function, arguments):
    """What a loaded function returns.

    Raises:
        TypeError: a built-in experiment does not take one of the arguments; it is refused before anything is imported.
    """
    for name, module in BUILT_IN.items():
        if function is module.prepare:
            _refuse_unknown(name, function.__code__, arguments)
    return function(**arguments)


def _refuse_unknown(name, code, arguments):
    experiment, _, framework = name.partition("_")
    taken = code.co_varnames[: code.co_argcount]
    unknown = sorted(set(arguments) - set(taken))
    if unknown and experiment in ("dot", "fit"):
        raise TypeError(
            "%s on %s has no argument %s; it takes %s and %s"
            % (experiment, framework, ", ".join(unknown), ", ".join(taken[:-1]), taken[-1])
        )


def _from_path(name):
    __import__(name)  # not importlib: Python leaves the import statement's own frames out of tracebacks
    return sys.modules[name]


def _from_file(path):
    """Load a file under its stem, as if its folder were on sys.path, which it then is."""
    stem, suffix = os.path.splitext(os.path.basename(path))
    if suffix != ".py" or not os.path.isfile(path):
        raise ImportError("there is no Python file %s" % path)
    prepend_path([os.path.dirname(path)])
    loaded = sys.modules.get(stem)
    if loaded is None:
        return _register(path, stem)
    origin = getattr(loaded, "__file__", None)
    if origin and os.path.realpath(os.path.splitext(origin)[0] + ".py") == os.path.realpath(path):
        return loaded
    raise ImportError(
        "%s would be loaded as module %r, but that name is taken by %s: rename the file"
        % (path, stem, origin or loaded)
    )


def _register(path, stem):
    module = sys.modules[stem] = type(sys)(stem)
    try:
        return import_noted(stem, lambda: _run_file(path, module))
    except:  # noqa: E722 - 2.7 can raise classes that are no BaseException
        sys.modules.pop(stem, None)  # another attempt must not find the incomplete module
        raise


def _run_file(path, module):
    module.__file__ = path
    with open(path, "rb") as source:
        text = source.read()
    if any(line.lstrip().startswith(b"from .") for line in text.splitlines()):  # ast takes milliseconds to load
        module.__package__ = _package(os.path.dirname(path))
    code = compile(text, path, "exec", 0, True)
    exec(code, module.__dict__)  # noqa: S102 - running the user's file is what was asked for
    return module


def _package(folder):
    """The name of the package that a folder is, imported; None where it is none: relative imports then fail.

    The package's folder is appended to sys.path, so that installed packages of its name win.
    """
    root, names = folder, []
    while os.path.isfile(os.path.join(root, "__init__.py")):
        root, name = os.path.split(root)
        names.insert(0, name)
    if not names:
        return None
    if root not in sys.path:
        sys.path.append(root)
    package = ".".join(names)
    __import__(package)
    other = os.path.dirname(sys.modules[package].__file__ or "")
    if os.path.realpath(other) != os.path.realpath(folder):
        raise ImportError("%s imports from its package %r, but that name is taken by %s" % (folder, package, other))
    return package


def _attribute(module, dotted, place):
    value = module
    for name in dotted.split("."):
        if not hasattr(value, name):
            raise ImportError("%s has no %r" % (place, dotted))
        value = getattr(value, name)
    if not callable(value):
        raise ImportError("%s:%s is a %s, not a function" % (place, dotted, type(value).__name__))
    return value


def takes(function, name):
    """Whether a function has a parameter of this name; False where nobody can tell."""
    try:
        with StartPath():
            return name in _parameters(function)
    except:  # noqa: E722 - whatever a property of the user's raises
        return False


def _parameters(function):
    import inspect

    signature = getattr(inspect, "signature", None)  # 2.7 has none
    if signature is None:
        return inspect.getargspec(function).args
    if sys.version_info < (3, 14):
        return signature(function).parameters
    from annotationlib import Format

    # From 3.14 on annotations are evaluated here, and may have names that are imported for type checkers alone.
    return signature(function, annotation_format=Format.FORWARDREF).parameters


def describe_promise(value):
    """A description of `value`, where it stands for work that was not done yet; None otherwise."""
    kind = type(value)
    if kind is type(_ for _ in ()):
        return "a generator: its body did not run; return list(...) of it"
    if _has(kind, "__await__"):
        if _has(kind, "cr_frame"):
            _close(value)
        return "a coroutine or awaitable: its body did not run; wrap it in asyncio.run(...)"
    if _has(kind, "__aiter__") and _has(kind, "__anext__"):
        return "an asynchronous generator: its body did not run; consume it in asyncio.run(...)"
    return None


def _has(kind, name):
    """Whether a class has an attribute of this name, from itself or a base; no code of the user's runs."""
    classes = [one for one in CLASS_BASES.__get__(kind) if isinstance(one, type)]  # 2.7 has others
    return any(name in CLASS_ATTRIBUTES.__get__(one) for one in classes)


def _close(coroutine):
    """Close a coroutine that did not run, or Python warns that it was never awaited."""
    try:
        coroutine.close()
    except:  # noqa: E722, S110 - whatever an object of the user's raises that only looks like one
        pass
