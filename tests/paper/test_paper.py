"""Whatever happens to the printer and to the workers: each receipt is on paper exactly once, or is listed as unknown
or not printed; never twice without DUPLICATE.

RECEIPTS and RECEIPTS_SEED make it longer, and another one; the report is printed in any case.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from appliance.journal.client import RecorderClient
from appliance.journal.verify import verify
from tests.conftest import Process
from tests.paper.pieces import Piece, pieces
from tests.paper.stand import TITLE, Stand, Till, until
from tests.paper.troubles import Trouble, Troubles, nothing

RECEIPTS = int(os.environ.get("RECEIPTS", "100"))
SEED = int(os.environ.get("RECEIPTS_SEED", "1"))
PAUSE_S = 0.15
"""Between two customers."""
BETWEEN_S = 0.7
"""At most, between two troubles."""
PATIENCE_S = 1.0
"""For new paper in the middle of a receipt; then its outcome is unknown."""
LINE_S = 0.004
"""What a line of paper takes: long enough to be hit in the middle."""
SILENCE_S = 14.0
"""Longer than a printer may say nothing before it is connected to anew."""
LEAST_TROUBLES = 2
"""Of each kind, however fast the receipts come."""
CALM_S = 90
"""Until one more receipt is printed: the longest back-off is half a minute."""


def _troubles(stand: Stand, chance: random.Random) -> list[Trouble]:
    printer = stand.emulator

    def put(name: str, value: object) -> None:
        setattr(printer, name, value)

    def new_roll() -> None:
        printer.paper_for(1_000_000)
        printer.paper = "ok"

    def tell(process: Process, number: signal.Signals) -> None:
        assert process.process is not None
        process.process.send_signal(number)

    return [
        Trouble("the plug is pulled", printer.unplug, printer.plug, 1.0),
        Trouble("the connection breaks", lambda: printer.close_after(chance.randint(1, 1200)), nothing, 0.0),
        Trouble("no paper", lambda: put("paper", "out"), new_roll, 2.0),
        Trouble("the roll ends", lambda: printer.paper_for(chance.randint(1, 25)), new_roll, 2.0),
        Trouble("the cover is open", lambda: put("cover", "open"), lambda: put("cover", "closed"), 1.0),
        Trouble("silent", lambda: put("silent", True), lambda: put("silent", False), 2.0),
        Trouble("silent for long", lambda: put("silent", True), lambda: put("silent", False), SILENCE_S, 0.05),
        Trouble("slow", lambda: put("slow", chance.uniform(0.01, 0.05)), lambda: put("slow", LINE_S), 2.0),
        Trouble("printing killed", stand.printing.kill, stand.printing.start, 0.5),
        Trouble(
            "printing stopped",
            lambda: tell(stand.printing, signal.SIGSTOP),
            lambda: tell(stand.printing, signal.SIGCONT),
            1.5,
        ),
        Trouble("recorder killed", stand.recorder.kill, stand.recorder.start, 0.5, 0.5),
    ]


@pytest.mark.timeout(0)  # every wait in here has a limit of its own
def test_each_receipt_is_on_paper_once_or_is_listed_whatever_happens(
    tmp_path: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    chance = random.Random(SEED)
    stand = Stand(tmp_path / "data", run_folder, PATIENCE_S)
    till = Till(stand, random.Random(f"{SEED} till"), PAUSE_S)
    try:
        stand.open()
        first = RecorderClient(run_folder, "admin", timeout=30)
        till.sell("first", first)
        until(stand, lambda: not stand.waiting(), "a whole receipt, for comparison", 30)
        original = next(pieces(stand.slips.values(), TITLE))
        stand.emulator.slow = LINE_S
        till.open()
        troubles = Troubles(_troubles(stand, chance), chance, BETWEEN_S, stand.in_the_middle)
        often = [kind for kind in troubles.counts if kind != "silent for long"]
        troubling = time.monotonic()
        while till.sold < RECEIPTS or any(troubles.counts[kind] < LEAST_TROUBLES for kind in often):
            troubles.turn()
            stand.look()
            time.sleep(0.02)
        troubles.end()
        till.close()
        calm = time.monotonic()
        stand.emulator.slow = 0.0
        while waiting := len(stand.waiting()):
            until(stand, partial(stand.waits_for_less, waiting), "one more outcome", CALM_S)
        # What was still in the printer has come out when the next receipt has.
        for ident in ("last-but-one", "last"):
            till.sell(ident, first)
            until(stand, lambda: not stand.waiting(), f"the {ident} receipt", CALM_S)
        first.close()
        done = time.monotonic()

        outcomes = stand.copies()
        sales = stand.numbers()
        found = list(pieces(stand.slips.values(), TITLE))
        wrong = compare(outcomes, sales, found, original)
        report: dict[str, object] = {"seed": SEED, "receipts": len(sales)}
        report |= dict(troubles.counts)
        report |= {"printing ended by itself": stand.ended_itself, "copies": len(outcomes)}
        report |= Counter(told[-1] for told in outcomes.values())
        report |= {
            "printed again by staff": till.reprinted,
            "looked at by staff": till.looked_at,
            "pieces of paper": len(found),
            "of them torn": sum(not piece.whole(original) for piece in found),
            "drawer kicks / sales for cash": f"{stand.kicks()} / {stand.cash_sales()}",
            "wrong": len(wrong),
            "seconds: start, troubles, until quiet, all": " ".join(
                f"{seconds:.0f}" for seconds in (troubling - began, calm - troubling, done - calm, done - began)
            ),
        }
        assert verify(tmp_path / "data")["ok"]
    finally:
        till.leave()
        stand.close()
        till.close()
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"  {name:<42}{value!s:>24}\n" for name, value in report.items()))
    assert wrong == [], "\n".join(wrong)
    assert stand.ended_itself == 0, stand.printing.log.read_text()[-3000:]


def compare(
    outcomes: dict[tuple[str, int], list[str]], sales: dict[str, str], found: list[Piece], original: Piece
) -> list[str]:
    """What paper and journal do not agree about."""
    wrong = [f"sale {sale} has no receipt" for sale in sales.values() if (sale, 0) not in outcomes]
    there: dict[tuple[str, int], list[Piece]] = {copy: [] for copy in outcomes}
    nameless = 0
    for piece in found:
        if piece.number is None:
            nameless += 1
        elif (copy := (sales.get(piece.number, "?"), piece.copy)) in there:
            there[copy].append(piece)
        else:
            wrong.append(f"nobody asked for {piece.text!r}")
        if piece.sale is not None and piece.sale != sales.get(piece.number or ""):
            wrong.append(f"two receipts in one: {piece.text!r}")
    for copy, told in outcomes.items():
        whole = [piece.whole(original) for piece in there[copy]]
        match told:
            case ["printed"]:
                well = whole == [True]
            case ["not_printed"]:
                well = whole == []
            case ["unknown" | "unconfirmed"]:
                well = len(whole) <= 1
                nameless -= not whole
            case _:
                well = False
        if not well:
            wrong.append(f"{copy} is {told}; on paper (whole): {whole}")
    if nameless > 0:
        wrong.append(f"{nameless} heads without a number that no unknown receipt explains")
    return wrong
