"""Two rules hold at once: the one that stands first in the door's order is the reason.

The order is written down here as it was asked for, not taken from the code.
"""

from pathlib import Path

import pytest

from tests.door.worlds import Form, World

ORDER = [
    "event_closed",
    "unreadable",
    "unknown",
    "bad_signature",
    "other_event",
    "revoked",
    "blocked",
    "cancelled",
    "not_yet_valid",
    "expired",
    "wrong_product",
    "wrong_session",
    "unpaid",
    "question",
    "list_full",
    "already_used",
]
ONLY_IN = {"not_yet_valid", "expired", "question", "list_full", "already_used"}
"""They do not count for somebody who goes out."""
WRONGS = [*ORDER[:10], "wrong_product", "elsewhere", *ORDER[11:]]
"""``elsewhere``: wrong_product again, because the scan is for another list."""
NOT_OF: dict[Form, dict[str, str]] = {
    "token": {},
    "plain": {"bad_signature": "nobody signs it"},
    "pretix": {"elsewhere": "it belongs to every list that is asked for"},
}
ALL: tuple[Form, ...] = ("token", "plain", "pretix")
TIMES = ("not_yet_valid", "expired")
NEVER: list[tuple[str, tuple[str, ...], tuple[Form, ...], str]] = [
    ("unreadable", ("bad_signature", "other_event", *TIMES), ALL, "nothing is read from it: no signer, event, time"),
    ("unreadable", ("wrong_product", "elsewhere", "wrong_session"), ALL, "nor a product, a list, a session"),
    ("unreadable", ("already_used",), ALL, "nobody enters with it, not even by the lead's word"),
    ("unreadable", ("revoked", "blocked", "cancelled", "unpaid"), ("plain",), "what does not print cannot be named"),
    ("unreadable", ("unpaid",), ("pretix",), "once it is imported it is a code like any other"),
    ("unknown", ("other_event", *TIMES), ("plain",), "nobody ever said anything of it"),
    ("unknown", ("wrong_product", "elsewhere", "wrong_session", "unpaid"), ("plain",), "nor what was bought or paid"),
    ("unknown", ("wrong_product", "wrong_session", "unpaid"), ("token",), "whoever says so issued it on a list"),
    ("unknown", ("wrong_product", "wrong_session"), ("pretix",), "a list that is not there takes no product"),
    ("unknown", ("unpaid",), ("pretix",), "whoever says so imported it on a list"),
    ("unknown", ("question", "list_full", "already_used"), ("token", "pretix"), "a list that is not there asks nobody"),
    ("bad_signature", ("other_event",), ("pretix",), "only its key says which event it is for"),
    ("bad_signature", ("unpaid",), ("pretix",), "once it is imported it is a code, whoever signed it"),
]
"""Which cannot hold together, of which forms, and why."""


def reason_of(wrong: str) -> str:
    return "wrong_product" if wrong == "elsewhere" else wrong


def together(form: Form, first: str, second: str) -> bool:
    return not any(first == one and second in others and form in forms for one, others, forms, _ in NEVER) and not {
        first,
        second,
    } & set(NOT_OF[form])


PAIRS = [
    (form, first, second)
    for form in ALL
    for at, first in enumerate(WRONGS)
    for second in WRONGS[at + 1 :]
    if reason_of(first) != reason_of(second) and together(form, first, second)
]


def test_every_pair_is_tried_or_said_to_be_impossible() -> None:
    said = {(form, first, second) for first, others, forms, _ in NEVER for second in others for form in forms}
    tried = set(PAIRS)
    for form in ALL:
        own = [one for one in WRONGS if one not in NOT_OF[form]]
        for at, first in enumerate(own):
            for second in own[at + 1 :]:
                one_rule = {first, second} == {"wrong_product", "elsewhere"}
                assert one_rule + ((form, first, second) in said) + ((form, first, second) in tried) == 1
    assert len(tried) > 300


@pytest.mark.parametrize(("form", "first", "second"), PAIRS)
def test_of_two_rules_that_hold_the_one_that_stands_first_is_the_reason(
    data: Path, form: Form, first: str, second: str
) -> None:
    world = World(data, form, {first, second})
    said = world.verdict("in")
    assert (said["verdict"], said["reason"]) == ("refused", reason_of(first))
    assert world.last()[1]["reason"] == reason_of(first)
    if second != "already_used":
        out = next((reason_of(one) for one in (first, second) if one not in ONLY_IN), None)
        said = world.verdict("out")
        assert (said["verdict"], said["reason"]) == ("refused" if out else "exited", out)
    world.close()
