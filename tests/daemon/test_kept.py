"""Undelivered texts wait in one private file."""

import stat
from datetime import UTC, datetime

from dictation.actions import Keep
from dictation.daemon.kept import KeptTexts

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_kept_text_is_remembered_and_written_where_only_its_owner_reads(tmp_path):
    kept = KeptTexts(tmp_path / "state" / "undelivered.txt")
    kept.add(Keep(1, "你好 world", "delivery_failed"), WHEN)
    kept.add(Keep(2, "again", "quitting"), WHEN)
    assert kept.texts == ("你好 world", "again")
    written = kept.path.read_text(encoding="utf-8")
    assert written == "2026-03-04 05:06:07  你好 world\n2026-03-04 05:06:07  again\n"
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


def test_only_the_newest_stay_in_memory(tmp_path):
    kept = KeptTexts(tmp_path / "undelivered.txt")
    for number in range(30):
        kept.add(Keep(number, str(number), "delivery_failed"), WHEN)
    assert kept.texts == tuple(str(number) for number in range(10, 30))
