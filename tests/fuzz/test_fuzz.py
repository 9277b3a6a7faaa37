"""Each parser of a device's bytes holds against bent input: `FUZZ_INPUTS` a target, `FUZZ_SEED`."""

import os
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz.harness import Target, fuzz

INPUTS = int(os.environ.get("FUZZ_INPUTS", "3000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))


def targets() -> dict[str, Target]:
    """Those of every module beside this one."""
    found: dict[str, Target] = {}
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem != "harness" and not file.stem.startswith(("test_", "_")):
            module = import_module(f"tests.fuzz.{file.stem}")
            found |= {f"{file.stem}.{name}": target for name, target in module.TARGETS.items()}
    return found


TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_the_parser_makes_it_grow_or_holds_it_up(name: str) -> None:
    report = fuzz(TARGETS[name], INPUTS, seed=SEED)
    assert report.inputs >= INPUTS
    sys.stdout.write(f"{name}: {report}\n")
