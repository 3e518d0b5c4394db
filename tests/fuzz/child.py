"""The process that opens damaged files; see `loaders`."""

import json
import shutil
import sys
import warnings
from pathlib import Path
from random import Random

from tests.fuzz.mutation import damaged
from tests.fuzz.sandbox import Sandbox
from tests.fuzz.targets import TARGETS, Target


def main() -> None:
    """`python -m tests.fuzz.child FOLDER NAME:FIRST:LAST...`: a line of JSON before and after."""
    warnings.simplefilter("ignore")
    sandbox = Sandbox()
    for plan in sys.argv[2:]:
        name, first, last = plan.split(":")
        target = target_of(name)
        wholes = _whole_files(target, Path(sys.argv[1]) / f"whole-{name}")
        for number in range(int(first), int(last)):
            case = Path(sys.argv[1]) / f"case-{name}"
            random = Random(f"{name} {number}")
            whole = random.choice(wholes)
            file = _damage(whole, case / whole.name, random)
            print(json.dumps([name, number, file.name]), flush=True)
            outcome = sandbox.outcome(target.read, case / whole.name)
            print(json.dumps([*outcome, sandbox.most_bytes]), flush=True)


def target_of(name: str) -> Target:
    """Return what reads files of that kind."""
    if name in TARGETS:
        return TARGETS[name]
    from tests.fuzz.model_targets import MODEL_TARGETS  # torch: seconds, and half a gigabyte

    return MODEL_TARGETS[name]


def _whole_files(target: Target, seeds: Path) -> list[Path]:
    if not seeds.exists():
        target.write(seeds)
    wholes = sorted(seeds.iterdir())
    for whole in wholes:
        target.read(whole)  # and all that is loaded late is loaded now
    return wholes


def _damage(whole: Path, case: Path, random: Random) -> Path:
    """Copy a file or folder to `case` and damage it, or a file in it, which is returned."""
    shutil.rmtree(case.parent, ignore_errors=True)
    case.parent.mkdir()
    if whole.is_dir():
        shutil.copytree(whole, case)
        file = random.choice(sorted(case.iterdir()))
    else:
        file = case
        shutil.copy(whole, case)
    file.write_bytes(damaged(file.read_bytes(), random))
    return file


if __name__ == "__main__":
    main()
