"""Dictate for hours of speech in less time, and judge what was seen.

python -m tests.endurance --hours 8 --desks 2 --manifest SET/manifest.jsonl ... --json soak.json
python -m tests.endurance --judge runs/soak.jsonl

The exit status is 1 when something grew, slowed down, was lost or came twice, or when a daemon did
not last. Ctrl+C ends the dictating early; what was heard until then is judged.
"""

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.endurance.desk import Look, Plan, endure
from tests.endurance.judging import as_json, judge, table
from tests.endurance.speech import choose


def main() -> None:
    """Endure, or take the rows of an earlier time, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=0.5, help="of speech, over all desks")
    parser.add_argument("--at-most", type=float, default=1440.0, help="minutes by the clock")
    parser.add_argument("--speed", type=float, default=8.0, help="of the microphone")
    parser.add_argument("--desks", type=int, default=1, help="daemons side by side")
    parser.add_argument("--threads", type=int, default=0, help="as model.threads")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--manifest", type=Path, action="append", default=[])
    parser.add_argument("--lap", type=float, default=10.0, help="minutes of speech in the set")
    parser.add_argument("--rows", type=Path, default=Path("runs/soak.jsonl"))
    parser.add_argument("--json", type=Path, help="where the account is written")
    parser.add_argument("--judge", type=Path, metavar="ROWS", help="judge only")
    asked = parser.parse_args()
    ended_well = True
    if asked.judge is None:
        asked.rows.parent.mkdir(parents=True, exist_ok=True)
        asked.rows.unlink(missing_ok=True)
        plan = Plan(
            desk=0,
            speed=asked.speed,
            spoken=choose(asked.manifest, asked.lap, seed=0),
            hours=asked.hours / asked.desks,
            until=time.time() + 60 * asked.at_most,
            model=asked.model,
            threads=asked.threads,
            rows=asked.rows,
        )
        ended_well = run([replace(plan, desk=number) for number in range(asked.desks)])
    looks = read(asked.judge or asked.rows)
    if not looks:
        sys.exit("nothing was dictated")
    account = judge(looks)
    print(table(account))
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(account), indent=2) + "\n", encoding="utf-8")
    print(
        f"{account.hours} hours of speech in {account.minutes} minutes "
        f"({account.compression} times as fast), {account.dictations} dictations, "
        f"{account.texts} texts, {account.lost} lost, {account.unasked} characters unasked"
    )
    faults = account.faults if ended_well else (*account.faults, "a daemon did not last")
    print("\n".join(faults) or "nothing grew, slowed down or was lost")
    sys.exit(bool(faults))


def run(plans: Sequence[Plan]) -> bool:
    """Let all desks dictate at the same time; whether every one came to its end."""
    spawn = multiprocessing.get_context("spawn")
    desks = [spawn.Process(target=endure, args=(plan,)) for plan in plans]
    for desk in desks:
        desk.start()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: [desk.terminate() for desk in desks])
    for desk in desks:
        desk.join()
    return all(desk.exitcode == 0 for desk in desks)


def read(rows: Path) -> list[Look]:
    """The looks of a file, in the order of their writing; none of one that is not there."""
    if not rows.exists():
        return []
    return [Look(**json.loads(line)) for line in rows.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
