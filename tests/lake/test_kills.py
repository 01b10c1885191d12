import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from oneshelf.lake.delta import JOURNAL, Table

KILLS = 14


def test_writers_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_rounds.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(KILLS), "7"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= KILLS // 2, "the work was over before it could be killed often enough"
    found: Counter[str] = Counter()
    for name in ("order_completed", "product_viewed"):
        table = Table(tmp_path / "lake" / "events" / name)
        found.update(table._delta.to_pyarrow_table(columns=["event_id"])["event_id"].to_pylist())
        assert table.done(JOURNAL) == 90
    assert found == Counter(f"e-{number}" for number in range(20, 91 * 20))
