"""The README and the guide are run as they stand: each page from top to bottom, in a folder of its own.

They find there the `demo-data` that `make demo` leaves behind.
A block of `python` is executed in the namespace of its page. In a block of `console` each line after `$ ` is run by bash (a
plain `oneshelf` command in this process, which saves its start), and what stands below it must be what it prints, where `...`
stands for anything; it must succeed, unless `<!-- exits with 1 -->` stands above the block. After a line `sleep` a busy machine gets more
time than the page says: the next line is tried until it succeeds. A block with `title="name"` is written to the file of that name. Every other block is for reading. The port
8321 of the pages is replaced by a free one.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from oneshelf.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "getting-started.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
BLOCK = re.compile(
    r'(?:^<!-- exits with (?P<status>\d+) -->\n)?^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?[^\n]*\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
FORGIVING = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass
class Page:
    """One page while it is being run."""

    path: Path
    folder: Path
    port: int

    def __post_init__(self) -> None:
        self.text = self.path.read_text().replace("8321", str(self.port))
        self.names: dict[str, object] = {"__name__": "page"}
        self.sessions: list[int] = []
        self.patience = 1  # how often the next command is tried
        self.environment = {
            **os.environ,
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "ONESHELF_PORT": str(self.port),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TERM": "dumb",
        }

    def run(self) -> int:
        """Run every block in order; return how many there were."""
        blocks = list(BLOCK.finditer(self.text))
        try:
            for block in blocks:
                if block["title"]:
                    file = self.folder / block["title"]
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(block["text"])
                elif block["language"] == "python":
                    self._python(block["text"], self._line(block.start("text")))
                elif block["language"] == "console":
                    self._console(
                        block["text"], self._line(block.start("text")), status=int(block["status"] or 0)
                    )
        finally:
            for session in self.sessions:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(session, signal.SIGTERM)
        return len(blocks)

    def _line(self, position: int) -> int:
        return self.text.count("\n", 0, position)

    def _python(self, text: str, line: int) -> None:
        # blank lines before it give a traceback the line of the page
        exec(compile("\n" * line + text, str(self.path), "exec"), self.names)

    def _console(self, text: str, line: int, *, status: int) -> None:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = re.sub(r"\\\n", "", part).partition("\n")
            printed = self._run(command, status)
            where = f"{self.path.name}, block at line {line}: {command}"
            if expected.strip() and not doctest.OutputChecker().check_output(
                expected, printed + "\n", FORGIVING
            ):
                pytest.fail(f"{where}\n--- the page says\n{expected}\n--- it prints\n{printed}")

    def _run(self, command: str, status: int) -> str:
        tries = self.patience
        self.patience = 30 if command.startswith("sleep ") else 1
        for left in range(tries, 0, -1):
            found, printed = self._once(command)
            if found == status:
                return printed
            if left > 1:
                time.sleep(1)
        pytest.fail(f"{self.path.name}: {command}: exit code {found}\n{printed}")

    def _once(self, command: str) -> tuple[int, str]:
        words = shlex.split(command)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.environment[name] = os.environ[name] = value
            return 0, ""
        plain = re.fullmatch(r"(oneshelf [^|&;<>$]*?)(?: > (\S+))?", command)
        if plain is None:
            found, printed = self._by_bash(command)
        else:
            found, printed = self._here(shlex.split(plain[1]))
            if plain[2]:
                (self.folder / plain[2]).write_text(printed)
        return found, printed

    def _here(self, words: list[str]) -> tuple[int, str]:
        printed = io.StringIO()
        status = 0
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "argv", words)
            try:
                main()
            except SystemExit as end:
                status = int(end.code or 0)
        return status, printed.getvalue()

    def _by_bash(self, command: str) -> tuple[int, str]:
        # into a file of its own, because a server that is left running would hold a pipe open and goes on writing
        output = self.folder / f".output-{len(self.sessions)}"
        with output.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.sessions.append(process.pid)
            return process.wait(timeout=60), output.read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_a_page_runs(
    path: Path,
    journey: Path,
    demo_data: Path,
    tmp_path: Path,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(journey)  # for python blocks
    monkeypatch.setenv("PYTHONPATH", str(journey))  # for console blocks
    shutil.copytree(demo_data, tmp_path / "demo-data")
    monkeypatch.setenv("ONESHELF_DATA", "shop-data")  # what `export` changes is put back
    assert Page(path, tmp_path, free_port).run()


def page(tmp_path: Path, text: str) -> Page:
    path = tmp_path / "page.md"
    path.write_text(text)
    return Page(path, tmp_path, 0)


def test_a_page_whose_output_is_wrong_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="the page says"):
        page(tmp_path, "```console\n$ echo one\ntwo\n```\n").run()


def test_a_page_whose_command_fails_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="exit code 3"):
        page(tmp_path, "```console\n$ exit 3\n```\n").run()


def test_a_page_whose_python_fails_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        page(tmp_path, "```python\nx = 1\n```\n\n```python\nx / 0\n```\n").run()


def test_a_page_may_write_files_and_show_refusals(tmp_path: Path) -> None:
    text = '```csv title="a.csv"\n1,2\n```\n\n<!-- exits with 1 -->\n```console\n$ grep 3 a.csv\n```\n'
    assert page(tmp_path, text).run() == 2
