"""Packages that install without a network: a wheel written by hand, and one whose installation waits to be told."""

from __future__ import annotations

import base64
import hashlib
import inspect
import textwrap
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str = "tiny", content: str = "ANSWER = 42\n") -> Path:
    """Write a wheel by hand: one module, nothing to fetch, nothing to compile."""
    wheel = folder / f"{name}-1.0-py2.py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    tags = "Tag: py2-none-any\nTag: py3-none-any\n"
    files = {
        f"{name}.py": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n{tags}",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-say = {name}:say\n",
    }
    record = ""
    for file, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{file},sha256={digest},{len(text.encode())}\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(file, text)
    return wheel


class SlowPackage:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.requirement = f"slow @ {folder.as_uri()}"
        self.started = folder.with_suffix(".started")
        self.go = folder.with_suffix(".go")
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "slow"\nversion = "1.0"\n'
        )
        (folder / "backend.py").write_text(
            "from __future__ import annotations\nimport base64, hashlib, time, zipfile\nfrom pathlib import Path\n"
            + inspect.getsource(write_wheel)
            + textwrap.dedent(f"""
                def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
                    Path({str(self.started)!r}).touch()
                    deadline = time.monotonic() + 60
                    while not Path({str(self.go)!r}).exists():
                        assert time.monotonic() < deadline, "nobody said go"
                        time.sleep(0.02)
                    return write_wheel(Path(wheel_directory), "slow").name
            """)
        )
