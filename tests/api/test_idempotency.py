"""Idempotency keys: one request, one piece of work, one answer."""

import threading
import time

import pytest

from oneshelf.api.idempotency import ANSWERS_MAX, Answers
from oneshelf.errors import Conflict, InvalidInput


def test_repeats_that_come_at_once_wait_for_the_first():
    answers, done, got = Answers(), [], []

    def work():
        time.sleep(0.05)
        done.append(1)
        return object()

    threads = [
        threading.Thread(target=lambda: got.append(answers.once(("a", "k"), b"x", work))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert len(set(map(id, got))) == 1


def test_an_error_is_no_answer():
    answers = Answers()

    def fails():
        raise Conflict("Somebody was first.", "Retry.")

    with pytest.raises(Conflict):
        answers.once(("a", "k"), b"x", fails)
    assert answers.once(("a", "k"), b"y", lambda: 5) == 5


def test_a_key_belongs_to_who_made_it_and_to_one_body():
    answers = Answers()
    assert answers.once(("a", "k"), b"x", lambda: 1) == 1
    assert answers.once(("b", "k"), b"x", lambda: 2) == 2
    with pytest.raises(InvalidInput):
        answers.once(("a", "k"), b"y", lambda: 3)


def test_only_so_many_answers_are_kept():
    answers = Answers()
    for at in range(ANSWERS_MAX + 1):
        answers.once(("a", str(at)), b"x", lambda at=at: at + 1)
    assert answers.once(("a", str(ANSWERS_MAX)), b"x", lambda: -1) == ANSWERS_MAX + 1
    assert answers.once(("a", "0"), b"x", lambda: -1) == -1
