import os

import platformdirs

pytest_plugins = ["pytester"]

# pytester gives each test a home folder of its own: without this every test would build Theano's environment anew.
os.environ.setdefault("PYTEST_MULTICORE_CACHE", str(platformdirs.user_cache_path("pytest-multicore")))
