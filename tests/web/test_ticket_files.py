"""A shop's file over the API: looked at, carried out part by part, kept by nobody."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from appliance.errors import Problem, RecorderDown
from appliance.files.codes import LARGEST, MOST
from tests.web.conftest import Answer, Client, House, new_house
from web.common.problems import MAX_BODY
from web.till import uploads
from web.till.uploads import KEPT_S, Uploads

BY_HAND = {"code": ["Barcode"], "holder": ["First Name", "Last Name"], "status": ["Status"]}
_keys = count()
HEAD = "Order;First Name;Last Name;Barcode;Status"


@pytest.fixture(scope="module")
def shop_house() -> Iterator[House]:
    """One for the imports of this module."""
    yield from new_house()


@pytest.fixture
def lead(shop_house: House) -> Client:
    return shop_house.client()


def export(prefix: str, number: int, *more: str) -> bytes:
    rows = [f"O{n // 3};Name{n};Zywiec{prefix};{prefix}-{n:06};paid" for n in range(number)]
    return "\r\n".join([HEAD, *rows, *more, ""]).encode()


def send(client: Client, raw: bytes, name: str = "export.csv", key: str | None = None) -> Answer:
    return client.ask(
        "POST", f"/api/v1/tickets/files?name={name}", raw=raw, Idempotency_Key=key or f"file-{next(_keys)}"
    )


def part(client: Client, file: str, number: int, list_: str = "general", **columns: Any) -> Answer:
    body = {"list": list_, "columns": columns or BY_HAND, "part": number}
    return client.post(f"/tickets/files/{file}/import", body)


def all_parts(client: Client, file: str, list_: str = "general", **columns: Any) -> dict[str, Any]:
    following: int | None = 1
    found: dict[str, Any] = {}
    while following is not None:
        answer = part(client, file, following, list_, **columns)
        assert answer.status == 200, answer.body
        found = answer.json
        following = found["next"]
    return found


def scan(client: Client, code: str, key: str) -> Any:
    return client.post("/scans", {"code": code, "direction": "in"}, key=key).json


def test_a_shop_s_file_becomes_tickets_that_the_door_knows(lead: Client, shop_house: House) -> None:
    raw = export("HAVEN", 450, ";;;;", "O9;No;Code;;paid", "O9;Gone;Away;HAVEN-X;refunded").decode().encode("utf-16")
    looked = send(lead, raw, "Gäste.csv".encode().decode("latin-1").encode("ascii", "ignore").decode())
    assert looked.status == 201
    told = looked.json
    assert (told["rows"], told["delimiter"], told["headings"]) == (452, ";", HEAD.split(";"))
    assert "UTF-16" in told["encoding"]
    assert told["guess"]["code"] == ["Barcode"]
    assert told["guess"]["holder"] == ["First Name", "Last Name"]
    assert told["sample"][0] == ["O0", "Name0", "ZywiecHAVEN", "HAVEN-000000", "paid"]
    sums = all_parts(lead, told["file"])
    assert (sums["imported"], sums["known"], sums["left_out"], sums["rows"]) == (451, 0, 1, 452)
    assert [sorted(fault) for fault in sums["faults"]] == [["line", "remedy", "why"]]
    found = scan(lead, "HAVEN-000007", "haven-7")
    assert (found["verdict"], found["holder"]) == ("admitted", "Name7 ZywiecHAVEN")
    assert scan(lead, "HAVEN-X", "haven-x")["reason"] == "cancelled"


def test_the_same_part_again_gives_the_same_answer_and_the_same_file_doubles_nothing(
    lead: Client, shop_house: House
) -> None:
    raw = export("TWICE", 900)
    before = len(shop_house.facts("tickets.imported/1"))
    file = send(lead, raw).json["file"]
    first = part(lead, file, 1)
    assert part(lead, file, 1).json == first.json
    last = first.json if first.json["next"] is None else all_parts(lead, file)
    again = send(lead, raw, key="another").json["file"]
    assert again != file
    sums = all_parts(lead, again)
    assert last["imported"] + last["known"] == 900
    assert (sums["imported"], sums["known"], sums["changed"]) == (0, 900, 0)
    tickets = [
        one["ticket"] for fact in shop_house.facts("tickets.imported/1")[before:] for one in fact["data"]["tickets"]
    ]
    assert len(tickets) == len(set(tickets)) == 900


def test_the_same_upload_again_is_the_same_file_and_another_one_is_refused(lead: Client) -> None:
    raw = export("KEY", 3)
    first = send(lead, raw, key="once")
    assert send(lead, raw, key="once").json == first.json
    assert send(lead, raw + b"more", key="once").slug == "key-reused"
    assert lead.ask("DELETE", f"/api/v1/tickets/files/{first.json['file']}").status == 204


def test_columns_are_those_that_were_chosen_and_wrong_ones_are_named(lead: Client) -> None:
    raw = b"Barcode,Number on the wristband\nA-1,BAND-1\nA-2,BAND-2\n"
    file = send(lead, raw).json["file"]
    wrong: list[dict[str, Any]] = [
        {"code": ["Nowhere"]},
        {"holder": ["Barcode"]},
        {"code": ["Barcode", "Number on the wristband"]},
    ]
    for columns in wrong:
        assert part(lead, file, 1, **columns).slug == "validation"
    assert part(lead, file, 1, price=["Barcode"]).slug == "validation"
    assert part(lead, file, 2, code=["Barcode"]).slug == "validation"
    assert all_parts(lead, file, code=["Number on the wristband"])["imported"] == 2
    assert scan(lead, "BAND-1", "band-1")["verdict"] == "admitted"
    assert scan(lead, "A-1", "a-1")["reason"] == "unknown"


def test_a_list_that_is_not_there_is_said_and_the_file_stays(lead: Client) -> None:
    file = send(lead, export("NOLIST", 5)).json["file"]
    assert part(lead, file, 1, "nowhere").slug == "not-found"
    assert lead.post("/lists", {"list": "late"}).status == 200
    assert all_parts(lead, file, "late")["imported"] == 5


def test_two_people_import_at_once(lead: Client) -> None:
    files = [send(lead, export(name, 700)).json["file"] for name in ("LEFT", "RIGHT")]
    sums: dict[str, dict[str, Any]] = {}

    def run(file: str) -> None:
        sums[file] = all_parts(lead, file)

    people = [threading.Thread(target=run, args=(file,)) for file in files]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert [sums[file]["imported"] for file in files] == [700, 700]


def test_a_sale_is_answered_while_twenty_thousand_tickets_are_taken(lead: Client, shop_house: House) -> None:
    file = send(lead, export("MANY", 20_000)).json["file"]
    answer, number, sold = part(lead, file, 1), 2, 0
    while answer.json["next"] is not None:
        running = threading.Thread(target=part, args=(lead, file, number))
        running.start()
        assert shop_house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350).status == 201
        sold += 1
        running.join(60)
        answer, number = part(lead, file, number), number + 1
    assert sold >= 2
    assert answer.json["imported"] == 20_000


def test_what_the_recorder_did_not_answer_is_asked_again_under_the_same_name(own_house: House) -> None:
    lead = own_house.client()
    file = send(lead, export("LOST", 500)).json["file"]
    assert own_house.recorder.process is not None
    own_house.recorder.process.send_signal(signal.SIGSTOP)
    silent = part(lead, file, 1)
    assert (silent.status, silent.slug) == (503, "busy")
    own_house.recorder.process.send_signal(signal.SIGCONT)
    assert all_parts(lead, file)["imported"] == 500
    sent = [one for fact in own_house.facts("tickets.imported/1") for one in fact["data"]["tickets"]]
    assert len({one["ticket"] for one in sent}) == len(sent)


def test_the_till_s_log_and_its_faults_hold_nothing_of_the_rows(own_house: House) -> None:
    lead = own_house.client()
    secret = ["Wolpertinger", "SECRET-CODE-77"]
    row = f"O1;{secret[0]};B;{secret[1]};paid"
    raw = f"{HEAD}\n{row}\n{row}\nO1;{secret[0]};C;X;{secret[0]}\n"
    file = send(lead, raw.encode()).json["file"]
    sums = all_parts(lead, file)
    assert (sums["imported"], sums["left_out"]) == (1, 2)
    part(lead, file, 7)
    own_house.recorder.kill()
    send(lead, raw.encode() + b"\x00", key="again")
    said = json.dumps(sums) + own_house.till.log.read_text() + own_house.recorder.log.read_text()
    assert [word for word in secret if word in said] == []


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"<!doctype html><html><body>Sign in</body></html>", "web page"),
        (b"", "empty"),
        (b"Barcode,Name\n", "no row"),
        (b"Barcode\n" + b"".join(b"C%d\n" % n for n in range(MOST + 1)), f"more than {MOST:,} rows"),
    ],
    ids=["a PDF", "a page", "nothing", "headings only", "too many"],
)
def test_what_is_no_list_is_said_in_words(lead: Client, raw: bytes, says: str) -> None:
    answer = send(lead, raw)
    assert answer.slug == "validation"
    assert says in answer.json["detail"]
    assert answer.json["remedy"]


def test_this_call_takes_a_whole_file_and_no_other_takes_more_than_before(lead: Client) -> None:
    row = b"C-%09d,Somebody with a name\n"
    raw = b"Barcode,Name\n" + b"".join(row % n for n in range(60_000))
    raw += b"C," + b"x" * (LARGEST - len(raw) - 3) + b"\n"
    assert len(raw) == LARGEST
    told = send(lead, raw)
    assert (told.status, told.json["rows"]) == (201, 60_001)
    assert lead.ask("DELETE", f"/api/v1/tickets/files/{told.json['file']}").status == 204
    over = send(lead, raw + b"x")
    assert (over.status, over.slug) == (413, "too-large")
    for path in ("/api/v1/sales", f"/api/v1/tickets/files/{told.json['file']}/import", "/tickets/list"):
        assert lead.ask("POST", path, raw=b"x" * (MAX_BODY + 1), Idempotency_Key="large").status == 413


@pytest.mark.parametrize("name", ["Ben", "Cleo"])
def test_only_the_lead_imports(shop_house: House, name: str) -> None:
    client = shop_house.client(name)
    assert send(client, export("NO", 1)).slug == "role"
    assert part(client, "x", 1).slug == "role"
    assert client.ask("DELETE", "/api/v1/tickets/files/x").slug == "role"


def test_a_file_that_is_gone_says_what_to_do(lead: Client) -> None:
    for answer in (part(lead, "nothing", 1), lead.ask("DELETE", "/api/v1/tickets/files/nothing")):
        assert answer.slug == "not-found"
        assert (answer.json["gone"], answer.json["remedy"]) == (True, "Choose the file again; nothing is doubled.")


class Desk:
    """Uploads with a clock that stands still, and a recorder that takes what it is sent."""

    def __init__(self) -> None:
        self.now = 0.0
        self.uploads = Uploads(lambda: self.now)
        self.sent: list[str] = []
        self.down = False

    def take(self, name: str, raw: bytes, owner: str = "s1") -> str:
        return self.uploads.take(owner, name, name, len(raw), lambda: raw).id

    def send(self, command: str, data: dict[str, Any], ident: str) -> dict[str, Any]:
        self.sent.append(ident)
        if self.down:
            raise RecorderDown("no answer")
        return {"imported": len(data["tickets"]), "known": 0, "changed": 0}

    def step(self, file: str, number: int, owner: str = "s1") -> dict[str, Any]:
        return self.uploads.step(owner, file, number, "general", {"code": ("Barcode",)}, self.send)


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        ask()
    return caught.value.slug


def test_a_file_is_kept_for_a_quarter_of_an_hour_after_it_was_last_used() -> None:
    desk = Desk()
    file = desk.take("a", export("A", 5))
    desk.now = KEPT_S
    assert desk.step(file, 1)["next"] is None
    desk.now += KEPT_S
    assert desk.step(file, 1)["imported"] == 5
    desk.now += KEPT_S + 1
    assert refusal(lambda: desk.step(file, 1)) == "not-found"


def test_nobody_goes_on_with_the_file_of_another() -> None:
    desk = Desk()
    file = desk.take("a", export("A", 5))
    assert refusal(lambda: desk.step(file, 1, owner="s2")) == "not-found"
    assert refusal(lambda: desk.uploads.drop("s2", file)) == "not-found"
    assert desk.step(file, 1)["imported"] == 5


def test_a_fourth_file_waits_for_one_that_is_done_or_left_alone() -> None:
    desk = Desk()
    files = [desk.take(name, export(name, 5)) for name in "abc"]
    assert refusal(lambda: desk.take("d", export("d", 5))) == "busy"
    assert desk.step(files[1], 1)["next"] is None
    desk.take("d", export("d", 5))
    desk.now += 61
    desk.step(files[2], 1)
    desk.take("e", export("e", 5))
    desk.take("f", export("f", 5))
    assert refusal(lambda: desk.step(files[0], 1)) == "not-found"


def test_the_files_together_stay_below_what_the_process_may_take() -> None:
    desk = Desk()
    desk.take("a", b"Barcode,Name\n" + b"C,%s\n" % (b"x" * 100_000) * 80)
    assert refusal(lambda: desk.take("b", b"Barcode\n" + "\N{PARTY POPPER}".encode() * 2_600_000)) == "too-large"
    assert refusal(lambda: desk.take("c", ("Barcode\n" + "ä" * 4_500_000).encode())) == "busy"
    assert uploads.ROOM >= 2 * LARGEST


def test_a_part_that_broke_off_goes_on_with_the_piece_that_was_not_answered() -> None:
    desk = Desk()
    file = desk.take("a", export("A", 5))
    desk.down = True
    with pytest.raises(RecorderDown):
        desk.step(file, 1)
    desk.down = False
    assert desk.step(file, 1)["imported"] == 5
    assert len(desk.sent) == 2
    assert len(set(desk.sent)) == 1
