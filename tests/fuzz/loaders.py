"""Damaged files for everything that reads files: `python -m tests.fuzz.loaders --count 10000`.

Each case is made from its number alone, so that one can be looked at again. It must end in a result
or in one clear line (DictationError); all else is a finding: another exception, a crash, a hang,
more memory than allowed, a file written, a process started, a connection made. A child process
opens one file after the other, and a new one takes the place of a child that broke.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.sandbox import HANGS

NAMES = ("wenet", "own", "tokenizer", "words", "config", "manifest", "audio")
KINDS = ("read", "refused", "bad", "crash", "hang")
"""How a case can end; the last three are findings."""

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Finding:
    """A case that ended as none may; `file` is the damaged one."""

    target: str
    case: int
    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.target} {self.case} ({self.file}): {self.what}"


@dataclass
class Fuzz:
    """Cases `ranges[target]` (first and last + 1), in child processes that may break.

    `place` keeps the last case; `outcomes`: how often by target and kind, one of KINDS;
    `most_bytes`: what a case of that target took of memory, at most.
    """

    place: Path
    ranges: Mapping[str, tuple[int, int]]
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    most_bytes: dict[str, int] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Run, and tell what is found as it is found."""
        left = dict(self.ranges)
        while left:
            plans = [f"{name}:{first}:{last}" for name, (first, last) in left.items()]
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.child", str(self.place), *plans],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            with process:
                begun = yield from self._follow(process)
                said = process.stderr.read()
            if process.returncode == 0:
                return
            if begun is None:
                raise RuntimeError(f"the fuzzer itself failed: {said[-2000:]}")
            name, case, file = begun
            kind = "hang" if -process.returncode in HANGS else "crash"
            what = f"{kind}, ended with {process.returncode}: {said[-1500:]}"
            yield self._found(kind, Finding(name, case, file, what))
            names = list(left)
            left = {each: left[each] for each in names[names.index(name) :]}
            left[name] = (case + 1, left[name][1])

    def _follow(
        self, process: subprocess.Popen[str]
    ) -> Generator[Finding, None, tuple[str, int, str] | None]:
        """Give the findings of a child, and return the case it did not come to the end of."""
        begun = None
        for line in process.stdout or ():
            values = json.loads(line)
            if begun is None:
                begun = values
                continue
            (name, case, file), (kind, what, most), begun = begun, values, None
            self.most_bytes[name] = max(self.most_bytes.get(name, 0), most)
            if kind == "bad":
                yield self._found(kind, Finding(name, case, file, what))
            else:
                self.outcomes[name, kind] += 1
        return begun

    def _found(self, kind: str, finding: Finding) -> Finding:
        self.outcomes[finding.target, kind] += 1
        return finding


def main() -> None:
    """Fuzz all targets, or those named, and tell what was found; exit status 1 with findings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("targets", nargs="*", choices=[[], *NAMES], default=[])
    parser.add_argument("--count", type=int, default=10_000, help="cases of each target")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--place", type=Path, help="a new folder to work in, which is left there")
    wishes = parser.parse_args()
    if wishes.place is not None:
        wishes.place.mkdir()
    print("| files | cases | read | refused | bad | crashes | hangs | memory | time |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    found = False
    for name in wishes.targets or NAMES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as passing:
            ranges = {name: (wishes.first, wishes.first + wishes.count)}
            fuzz = Fuzz(wishes.place or Path(passing), ranges)
            for finding in fuzz.findings():
                found = True
                print(finding, file=sys.stderr, flush=True)
        counts = [fuzz.outcomes[name, kind] for kind in KINDS]
        columns = [name, sum(counts), *counts, f"{fuzz.most_bytes.get(name, 0) >> 20} MB"]
        columns.append(f"{time.monotonic() - began:.0f} s")
        print(f"| {' | '.join(map(str, columns))} |", flush=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
