"""The file channel: messages as JSON lines in the outgoing folder, for whatever reads files (a till, an ERP, a print shop)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from oneshelf.connect.ports import Delivery, Message
from oneshelf.words.ids import digest


class _Sent(msgspec.Struct):
    """One line of the file."""

    id: str
    sent_at: datetime
    payload: msgspec.Raw


_line = msgspec.json.Decoder(_Sent)


class FileChannel:
    """Appends to `folder/messages.jsonl`, each message once whatever the number of tries, durable before it is answered.

    Several processes may write: each holds the file's lock while it reads what the others added and appends its own.
    """

    def __init__(self, folder: Path | str, *, name: str = "file") -> None:
        self.name = name
        self.path = Path(folder) / "messages.jsonl"
        self._seen: set[bytes] = set()
        self._read_to = 0

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Delivery]:
        """Append what is not in the file yet. A full disk or a missing right is an error of every message."""
        try:
            with self._locked() as file:
                return self._append(file, messages, now)
        except OSError as error:
            why = f"{self.path.name} cannot be written ({error.strerror or type(error).__name__})."
            return [Delivery(id=message.id, error=why) for message in messages]

    def _append(self, file: BinaryIO, messages: Sequence[Message], now: datetime) -> list[Delivery]:
        self._catch_up(file)
        lines: list[bytes] = []
        answers: list[Delivery] = []
        added: set[bytes] = set()
        for message in messages:
            key = digest(message.id)
            answer = Delivery(id=message.id)
            if key not in self._seen and key not in added:
                try:
                    # on one line, whatever white space the payload came with
                    payload = msgspec.Raw(msgspec.json.format(message.payload, indent=-1))
                    lines.append(msgspec.json.encode(_Sent(message.id, now, payload)) + b"\n")
                    added.add(key)
                except msgspec.MsgspecError:
                    answer = Delivery(id=message.id, error="The payload is not a JSON document.", final=True)
            answers.append(answer)
        if lines:
            data = b"".join(lines)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            self._read_to += len(data)
        self._seen |= added
        return answers

    def _catch_up(self, file: BinaryIO) -> None:
        """Learn the ids that are in the file, and cut off a last line that a crash left unfinished."""
        file.seek(self._read_to)
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(self._read_to)
                break
            self._seen.add(digest(_line.decode(line).id))
            self._read_to += len(line)
        file.seek(self._read_to)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, open and ours alone; its folder entry is durable before anything is written."""
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if not new else "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if new:
                _fsync_folder(self.path.parent)
            yield file


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
