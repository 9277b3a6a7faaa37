"""The main job on real bytes, end to end: scan, sell, print, count, watch, forward."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from appliance.journal.verify import verify
from tests.brokers import Broker, CentralProcess, broker, central
from tests.conftest import wait_until
from tests.demo import Demo
from tests.independent import check

__all__ = ["broker", "central"]


@pytest.fixture
def demo(
    tmp_path: Path, broker: Broker, central: Callable[..., CentralProcess]
) -> Iterator[tuple[Demo, CentralProcess]]:
    ops = central()
    box = Demo(tmp_path / "box", {"BOOTHKIT_MQTT": broker.address, "BOOTHKIT_CENTRAL_KEY": ops.key})
    box.start()
    yield box, ops
    box.stop()


def _all_there(box: Demo, ops: CentralProcess) -> bool:
    own = [json.dumps(fact, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for fact in box.facts()]
    there = ops.facts("demo", box.ready["box"])
    return there[: len(own)] == own and len(own) > 0


@pytest.mark.timeout(300)
def test_the_main_job_from_a_scan_to_central_and_through_a_dead_broker(
    demo: tuple[Demo, CentralProcess], broker: Broker, tmp_path: Path
) -> None:
    box, ops = demo
    box.login()

    ticket = box.tickets("general")[0]
    box.bench("scan", {"code": ticket})
    admitted = box.wait_for_fact("ticket.admitted/1")[0]
    wait_until(lambda: box.bench("scan", {"code": ticket}) is not None and _refused(box), "the second scan refused")
    refused = _refused(box)[0]
    assert admitted["data"]["gate"] == "door"
    assert admitted["actor"] == "device:scanner-door"
    assert refused["data"]["reason"] == "already_used"
    assert refused["data"]["first"]["at"] == admitted["at"]
    assert box.post("/scans", {"code": ticket})["first"]["at"] == admitted["at"]

    lines = [{"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1}, {"sku": "CUP", "qty": 1}]
    sale = box.post("/sales", {"lines": lines, "tenders": [{"kind": "cash", "amount": 2000}]})
    assert (sale["total"], sale["change"], sale["number"]) == (1320, 680, "1-1")
    slip = wait_until(
        lambda: [slip for slip in box.bench("printer/receipts") if slip["cut"]], "the receipt on paper, cut off"
    )[0]
    for words in ("Receipt 1-1", "2 x Coffee", "TOTAL", "13.20", "Change", "6.80", "VAT 19 %"):
        assert words in slip["text"], slip["text"]
    assert slip["drawer_kicks"] == 1
    assert slip["qr"] == [sale["receipt"]]
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(box.png(slip["png"]))))[0].text == sale["receipt"]
    assert box.wait_for_fact("receipt.printed/1")[0]["data"]["outcome"] == "printed"

    box.bench("beam", {"direction": "in", "people": 3})
    wait_until(lambda: box.get("/kpis")["attendance"]["in"] == 3, "three people in")
    box.bench("beam", {"direction": "out", "people": 1})
    wait_until(lambda: box.get("/kpis")["attendance"]["out"] == 1, "one person out")
    assert box.get("/kpis")["attendance"] == {"in": 3, "out": 1, "occupancy": 2, "source": "beam"}

    power = box.wait_for_fact("power.sampled/1")[0]["data"]
    assert power["mv"] > 0
    wait_until(lambda: box.get("/status")["power"]["volts"], "the battery on the status page")

    wait_until(lambda: _all_there(box, ops), "every fact at central")
    wait_until(lambda: box.get("/status")["uplink"]["safe"] == len(box.facts()), "the safe mark at the end")

    broker.kill()
    wait_until(lambda: not box.get("/status")["uplink"]["connected"], "the uplink notices")
    offline = [box.post("/sales", {"lines": lines, "tenders": [{"kind": "card", "amount": 1320}]}) for _ in range(3)]
    assert [each["number"] for each in offline] == ["1-2", "1-3", "1-4"]
    broker.start()
    wait_until(lambda: _all_there(box, ops), "what happened offline at central", 90)
    wait_until(lambda: box.get("/status")["uplink"]["safe"] == len(box.facts()), "the safe mark at the end again", 90)
    there = [json.loads(body)["id"] for body in ops.facts("demo", box.ready["box"])]
    assert len(there) == len(set(there))

    assert box.command("journal", "verify")["ok"] is True
    assert box.stop() == 0
    assert verify(box.data)["ok"]
    copy = tmp_path / "copy"
    shutil.copytree(box.data, copy)
    assert check(copy)[1] >= len(there)


def _refused(box: Demo) -> list[dict[str, Any]]:
    return [fact for fact in box.facts() if fact["kind"] == "ticket.refused/1"]


@pytest.mark.timeout(180)
def test_a_flipped_byte_in_a_copy_of_a_demos_journal_ends_with_exit_1_naming_log_and_seq(tmp_path: Path) -> None:
    box = Demo(tmp_path / "box")
    box.start()
    box.login("222222")
    sale = box.post("/sales", {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]})
    box.wait_for_fact("receipt.printed/1")
    assert box.stop() == 0
    assert box.command("journal", "verify")["ok"] is True
    needle = f'"number":"{sale["number"]}"'.encode()
    assert box.command("journal", "rebuild")["equal"] is True, "which also moves the log into the file"
    path = box.data / "journal.db"
    content = bytearray(path.read_bytes())
    where = content.index(needle) + len('"number":"')
    content[where] ^= 1
    path.write_bytes(content)
    found = box.command("journal", "verify", code=1)
    assert found["ok"] is False
    assert (found["error"]["log"], found["error"]["seq"]) == (1, sale["pos"])
