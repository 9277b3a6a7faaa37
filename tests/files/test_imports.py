"""A shop's list on its way to the recorder: in pieces, and again a day later."""

import json
from typing import Any

from appliance.files.codes import look
from appliance.files.imports import LARGEST, ROWS, pieces
from tests.conftest import EngineBox


def take(box: EngineBox, text: str, ident: str) -> dict[str, int]:
    """Import a file; the sums of the answers."""
    raw = text.encode()
    sums: dict[str, int] = {}
    for piece in pieces(raw, "shop.csv", look(raw, "shop.csv").guess, "general", ident):
        reply = box.ask("tickets.import", piece.data, id=piece.id)
        assert reply["ok"], reply
        sums = {name: sums.get(name, 0) + reply["answer"][name] for name in ("imported", "known", "changed")}
    return sums


def reasons(box: EngineBox, *codes: str) -> list[Any]:
    return [box.do("ticket.scan", code=code)["reason"] for code in codes]


def test_the_same_export_a_day_later_brings_the_list_up_to_date(box: EngineBox) -> None:
    box.open_event()
    before = "Barcode;Name;Status\nA-1;Ana;pending\nA-2;Bo;paid\nA-3;Cleo;paid\n"
    assert take(box, before, "i1") == {"imported": 3, "known": 0, "changed": 0}
    assert reasons(box, "A-1") == ["unpaid"]
    after = "Barcode;Name;Status\nA-1;Ana;paid\nA-2;Bo;paid\nA-3;Cleo;cancelled\nA-4;Dara;paid\n"
    assert take(box, after, "i2") == {"imported": 1, "known": 3, "changed": 2}
    assert take(box, after, "i3") == {"imported": 0, "known": 4, "changed": 0}
    assert reasons(box, "A-1", "A-2", "A-3", "A-4") == [None, None, "cancelled", None]


def test_a_list_that_says_nothing_of_payment_pays_for_nobody(box: EngineBox) -> None:
    box.open_event()
    take(box, "Barcode;Name;Status\nA-1;Ana;pending\nA-2;Bo;cancelled\n", "i1")
    assert take(box, "Barcode;Name\nA-1;Ana\nA-2;Bo\n", "i2") == {"imported": 0, "known": 2, "changed": 0}
    assert reasons(box, "A-1", "A-2") == ["unpaid", "cancelled"]


def test_no_piece_is_larger_than_a_frame_and_every_row_is_in_one(box: EngineBox) -> None:
    rows = [f"C-{number};{'Long name ' * 11};{'A note. ' * 36}" for number in range(1000)]
    raw = "\n".join(["Barcode;Name;Note", *rows]).encode()
    made = list(pieces(raw, "shop.csv", look(raw, "shop.csv").guess, "general", "i1"))
    assert [len(json.dumps(piece.data["tickets"]).encode()) <= LARGEST + 4096 for piece in made] == [True] * len(made)
    assert all(1 <= len(piece.data["tickets"]) <= ROWS for piece in made)
    assert [ticket["code"] for piece in made for ticket in piece.data["tickets"]] == [f"C-{n}" for n in range(1000)]
    assert [piece.data["part"] for piece in made] == list(range(1, len(made) + 1))
