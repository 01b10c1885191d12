"""CONTRIBUTING's first change works as it stands: its patches apply, and its test, which failed before, passes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def passes(copy: Path, test: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(test)]
    environment = os.environ | {"PYTHONPATH": str(copy / "src")}
    return (
        subprocess.run(command, check=False, cwd=copy, env=environment, capture_output=True).returncode == 0
    )


def test_the_first_change_of_a_newcomer_works(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    title, test = re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', TEXT, re.MULTILINE | re.DOTALL)[0]
    path = tmp_path / title
    path.parent.mkdir(parents=True)
    path.write_text(test)
    assert not passes(tmp_path, path)

    patches = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(patches) == 3
    subprocess.run(["git", "apply", "-"], input="".join(patches), text=True, cwd=tmp_path, check=True)
    assert passes(tmp_path, path)
