"""Central as a witness: it signs what extends what it signed, and nothing else."""

from appliance.central.places import Log
from appliance.central.service import Received
from appliance.journal import codec, notes
from tests.central.bodies import batch, body, checkpoint, head, journal, signer, started
from tests.central.conftest import BOX, NOW_MS, SIGNER, Inside

FORTY = journal(40)


def test_a_checkpoint_over_what_is_here_comes_back_cosigned(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    answers = inside.take(checkpoint(FORTY[:10]))
    assert inside.cosigned(answers) == [head(FORTY[:10])]
    note = next(a.payload.decode() for a in answers if a.topic == BOX.topic("cosigned"))
    assert notes.verify(note, SIGNER.verifier.witness())[1] == NOW_MS // 1000
    assert notes.verify(note, notes.Verifier.parse(codec.decode(FORTY[0])["data"]["key"]))


def test_a_checkpoint_waits_for_its_facts(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    assert inside.cosigned(inside.take(checkpoint(FORTY[:20]))) == []
    assert inside.cosigned(inside.take(batch(FORTY[10:25]))) == [head(FORTY[:20])]


def test_an_older_checkpoint_is_answered_with_the_newest_cosigned_one(inside: Inside) -> None:
    inside.take(batch(FORTY))
    inside.take(checkpoint(FORTY[:30]))
    assert inside.cosigned(inside.take(checkpoint(FORTY[:20]))) == [head(FORTY[:30])]
    assert inside.cosigned(inside.take(batch(FORTY[:5]))) == []
    assert inside.tasks("fork") == []


def test_a_checkpoint_that_contradicts_the_facts_is_a_fork_and_stays_unsigned(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    other = [*FORTY[:9], body(10, data={"by_ms": 999, "source": "rtc"})]
    assert inside.cosigned(inside.take(checkpoint(other))) == []
    assert "the checkpoint of size 10 has root" in inside.tasks("fork")[0]["about"]
    assert inside.cosigned(inside.take(checkpoint(FORTY[:10]))) == [head(FORTY[:10])]


def test_two_checkpoints_of_one_size_are_a_fork_before_any_fact_came(inside: Inside) -> None:
    inside.take(batch(FORTY[:1]))
    other = [*FORTY[:9], body(10, data={"by_ms": 999, "source": "rtc"})]
    inside.take(checkpoint(FORTY[:10]), checkpoint(other))
    assert "two checkpoints of size 10" in inside.tasks("fork")[0]["about"]
    assert inside.cosigned(inside.take(batch(FORTY))) == [head(FORTY[:10])]


def test_a_checkpoint_by_a_key_that_nobody_enrolled_is_dropped(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    assert inside.cosigned(inside.take(checkpoint(FORTY[:10], seed=bytes(32)))) == []
    assert "without a signature of an enrolled key" in inside.tasks("rejected")[0]["about"]


def test_the_key_of_the_first_log_signs_the_next_one_without_a_second_enrolment(strict: Inside) -> None:
    strict.keyring.enrol(BOX, codec.decode(FORTY[0])["data"]["key"])
    second = [started(2, {"log": 1, "size": 10, "root": head(FORTY[:10]).root.hex()}), body(2, log=2)]
    strict.take(batch(FORTY[:10]), batch(second, shift=10))
    assert strict.cosigned(strict.take(checkpoint(second, 2))) == [head(second, 2)]
    assert [key.name for key in strict.keyring.verifiers(Log(BOX, 2))] == ["boothkit/box-7/2"]


def test_a_box_cannot_speak_for_another(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    key = signer().verifier.vkey()
    inside.take(Received("boothkit/1/cell/box-8/status", f'{{"online":true,"key":"{key}"}}'.encode()))
    inside.take(Received("boothkit/1/cell/box-8/facts", batch(FORTY[:10]).payload))
    inside.take(Received("boothkit/1/cell/box-8/checkpoint", checkpoint(FORTY[:10]).payload))
    assert [row["box"] for row in inside.view.boxes(NOW_MS)] == ["box-7"]
    assert inside.tasks("unknown box")[0]["box"] == "box-8"
