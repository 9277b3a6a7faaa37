"""What the hand-written pages say, held against the code."""

import re
from pathlib import Path

import pytest

from appliance.central import logs
from appliance.domain import doorrules, tokens
from appliance.journal import codec, merkle, notes
from appliance.private import brakes, secrets
from appliance.services.recorder import server
from appliance.services.uplink import batches, connection, flow
from tests.docs.markdown import ROOT, blocks, pages
from web.till import streams
from web.till.api import facts

DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_PROSE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def text(name: str) -> str:
    """A page."""
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link, picture in _LINK.findall(_PROSE.sub("", page.read_text(encoding="utf-8"))):
        target, _, fragment = (link or picture).partition("#")
        if target.startswith("http"):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {link or picture}"
        if fragment:
            assert fragment in anchors(file), f"{page.name}: {link}"


def test_every_page_that_the_code_names_is_there() -> None:
    for folder in ("appliance", "drivers", "web", "benchmarks", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in re.findall(r"docs/[\w/-]+\.md", path.read_text()):
                assert (ROOT / name).is_file(), f"{path.relative_to(ROOT)} names {name}"


def test_the_index_names_every_page() -> None:
    named = {link for link, _ in _LINK.findall(text("docs/README.md"))}
    pages = [page for page in DOCS.rglob("*.md") if not {"decisions", "examples"} & set(page.parts)]
    own = {str(page.relative_to(DOCS)) for page in pages}
    assert own - {"README.md"} <= named


def test_the_rules_of_admission_stand_in_the_order_of_the_code() -> None:
    rules = re.findall(r"^\| \d+ \|.*\| `(\w+)` \|$", text("docs/admission.md"), re.MULTILINE)
    assert rules == [reason for reason, _ in doorrules.RULES]


def test_the_table_of_claims_has_every_claim_and_kind_of_the_code() -> None:
    page = text("docs/tokens.md")
    numbers = {
        int(number.replace("\N{MINUS SIGN}", "-"))
        for number in re.findall(r"^\| (\N{MINUS SIGN}?\d+) \|", page, re.MULTILINE)
    }
    module = vars(tokens)
    names = ("EXP", "NBF", "CTI", "KIND", "EVENT", "SCOPE", "ORIGIN", "SEQ", "LEAF", "NUMBER", "TOTAL")
    names += ("CURRENCY", "AMOUNT", "MINIMUM", "FACE")
    assert numbers == {module[name] for name in names}
    assert ", ".join(f"{code} {name}" for code, name in tokens.KINDS.items()) in page


def test_the_vector_of_evidence_md_is_what_the_code_makes() -> None:
    bodies, hashes, keys, proof, receipt = (block.code for block in blocks(DOCS / "evidence.md")[1:])
    raw = [line.encode() for line in bodies.splitlines()]
    leaves = [codec.leaf_hash(body) for body in raw]
    roots = [merkle.root_of(leaves[:size]) for size in (1, 2, 3)]
    assert [codec.encode(codec.decode(body)) for body in raw] == raw
    assert hashes.split() == [value.hex() for value in (*leaves, *roots)]
    box = notes.Signer("boothkit/box-7/1", bytes(range(0x20)))
    central = notes.Signer("boothkit/central", bytes(range(0x20, 0x40)))
    verifiers = (box.verifier, central.verifier, central.verifier.witness())
    assert keys.split() == [verifier.vkey() for verifier in verifiers]
    index, path, note, _ = notes.parse_proof(proof)
    head = notes.TreeHead.parse(notes.verify(note, box.verifier)[0])
    assert merkle.verify_inclusion(leaves[1], index, head.size, path, head.root)
    assert notes.verify(note, central.verifier.witness())[1] is not None
    assert receipt == central.sign(notes.TreeHead("boothkit/box-7/1", 2, roots[1]).receipt_text())


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("docs/architecture.md", f"at most {server.BATCH} commands or {server.BATCH_S * 1000:.0f} ms"),
        ("docs/architecture.md", f"full at {server.PEOPLE_INBOX} commands (bulk:\n{server.BULK_INBOX})"),
        ("docs/uplink.md", f"up to {batches.MOST} in a message"),
        ("docs/uplink.md", f"{connection.WINDOW} messages or {connection.WINDOW_BYTES // 1024} KiB"),
        ("docs/uplink.md", f"({flow.PATIENCE_S:g} s, doubling up to {flow.LONGEST_S:g} s)"),
        ("docs/reference/mqtt.md", f"ends before {batches.USUAL_BYTES // 1024} KiB"),
        ("docs/reference/central.md", f"up to {logs.AHEAD:,} ahead"),
        ("docs/admission.md", f"longer than {tokens.MAX_TEXT:,} characters"),
        ("docs/api.md", f"{brakes.LOCK_S} s, doubling up to an hour"),
        ("docs/api.md", f"`bk_staff` for {secrets.SESSION_S // 3600} hours"),
        ("docs/api.md", f"at most {facts.PAGE:,}"),
        ("docs/api.md", f"At most\n  {streams.MOST} streams"),
    ],
)
def test_a_number_in_a_page_is_that_of_the_code(page: str, words: str) -> None:
    assert words in text(page)


def test_the_tasks_of_central_md_are_those_of_the_code() -> None:
    code = text("appliance/central/view.py")
    kinds = set(re.findall(r"_task\(\s*\"([a-z ]+)\"", code)) | set(re.findall(r"\"kind\": \"([a-z ]+)\"", code))
    assert set(re.findall(r"^\| `([a-z ]+)` \| [a-z]", text("docs/reference/central.md"), re.MULTILINE)) == kinds
