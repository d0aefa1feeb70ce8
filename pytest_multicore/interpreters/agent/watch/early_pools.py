"""The pools that can be asked while modules are being imported, and what changed of them since the last look."""

import ctypes
import os

#: What set_dynamic and set_max_active_levels of OpenMP have set, and the functions that say so.
OPENMP_SETTINGS = (("dynamic", "omp_get_dynamic"), ("levels", "omp_get_max_active_levels"))


class EarlyPools(object):
    """OpenBLAS and GNU's OpenMP, from the moment that they are loaded."""

    def __init__(self, load_sibling):
        self._load_sibling = load_sibling
        self._new_files = load_sibling("watch/loaded_files").LoadedFiles().new
        self._sizes = []  # [what, path, function, last value]
        self._known = set()
        self.changes()

    def changes(self):
        """(what, path, before, after) of each change since the last look."""
        changes = []
        files = [name for name in self._new_files() if b"blas" in name or b"gomp" in name]
        if files:
            changes += self._add_pools(files)
        for entry in self._sizes:
            what, path, ask, last = entry
            now = ask()
            if now != last:
                entry[3] = now
                changes.append((what, path, last, now))
        return changes

    def _add_pools(self, files):
        """Ask the pools of these files from now on."""
        # Loaded late: most interpreters of other libraries never need them.
        pools, libraries = self._load_sibling("watch/pools"), self._load_sibling("dialogue/libraries")
        files = [os.path.realpath(name if isinstance("", bytes) else os.fsdecode(name)) for name in files]
        added = []
        for pool in pools.early_pools(libraries, self._load_sibling("dialogue/failures").text, files):
            if pool.path in self._known:
                continue
            self._known.add(pool.path)
            threads = pool.threads()
            self._sizes.append(["pool " + pool.api, pool.path, pool.threads, threads])
            added.append(("pool " + pool.api, pool.path, None, threads))
            if pool.api == "openmp":
                self._add_settings(libraries, pool.path)
        return added

    def _add_settings(self, libraries, path):
        library = ctypes.PyDLL(path if isinstance(path, str) else path.encode("utf-8"), mode=libraries.RTLD_NOLOAD)
        for what, symbol in OPENMP_SETTINGS:
            ask = getattr(library, symbol, None)
            if ask is not None:
                self._sizes.append([what + " openmp", path, ask, ask()])
