"""``boothkit receipt``: what a receipt is worth, with the box or without it."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.commands._common import Box, common

if TYPE_CHECKING:
    from appliance.receipts.evidence import Trust, Verdict


@click.group()
def command() -> None:
    """Check what a customer holds."""


@command.command()
@click.argument("text", metavar="TEXT|FILE")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY|FINGERPRINT",
    help="Believe this key (the box's, central's) and no other; repeatable.  [default: DATA/keys/box.pub]",
)
@common
def verify(box: Box, text: str, keys: tuple[str, ...]) -> None:
    """Check a receipt: its link, its code, or a FILE with one of them or with its proof.

    By default the box's own keys and book in DATA are asked. With --key nothing is needed but this command.
    """
    from appliance.receipts.evidence import Trust, judge
    from appliance.receipts.material import Wrong

    material, is_file = _material(text)
    try:
        trust = Trust.parse(keys or _own_keys(box))
    except Wrong as wrong:
        from appliance.receipts.findings import told

        why, remedy = told(wrong.slug, wrong.details)
        raise click.UsageError(f"{why} {remedy}") from wrong
    verdict = judge(material, trust)
    if verdict.level == "promised" and not keys:
        verdict = _by_the_book(box, verdict, trust)
    _tell(box, verdict, "" if is_file else " No file of that name is here either.")
    raise click.exceptions.Exit(0 if verdict.valid else 1)


def _material(text: str) -> tuple[str, bool]:
    """What is to be checked, and whether it is a file's content: bytes that are not UTF-8 are no receipt."""
    from appliance.receipts.material import MOST

    path = Path(text)
    try:
        if not path.is_file():
            return text, False
        with path.open("rb") as file:
            return file.read(4 * MOST + 1).decode(errors="replace"), True
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # a text
            return text, False
        raise click.UsageError(f"{path}: {error.strerror}") from error


def _own_keys(box: Box) -> list[str]:
    """The box's keys, and central's where it is known, so that its cosignature counts."""
    path = box.data / "keys" / "box.pub"
    try:
        own = path.read_text().splitlines()
    except OSError as error:
        raise click.UsageError(
            f"{path}: {error.strerror}. Name the box's folder with --data, or a key with --key."
        ) from error
    return [*own, box.config.central.key]


def _by_the_book(box: Box, verdict: "Verdict", trust: "Trust") -> "Verdict":
    """A promised receipt, held against the journal in DATA if there is one."""
    from appliance.domain.tokens import url_text
    from appliance.journal.book import Book
    from appliance.journal.read import Reader
    from appliance.receipts import check
    from appliance.receipts.evidence import Verdict, judge
    from appliance.receipts.handout import handout

    if verdict.claims is None or not (box.data / "journal.db").is_file():
        return verdict
    reader = Reader(box.data)
    try:
        book = Book(reader, box.data / "keys", box.config.central.key)
        found = check.read(book, url_text(verdict.claims.raw))
        if isinstance(found, check.Refused):
            return Verdict(False, None, None, [("absent", {})])
        head = book.head(found.log, found.seq)
        return judge(handout(book, found, head, ""), trust)
    finally:
        reader.close()


def _tell(box: Box, verdict: "Verdict", stray: str) -> None:
    why = verdict.why()
    if verdict.findings[0][0] == "stray":
        why += stray
    claims = verdict.claims if verdict.valid else None
    names = ("sale", "number", "total", "currency")
    said = {name: getattr(claims, name, None) for name in names}
    answer = {"valid": verdict.valid, "level": verdict.level, **said, "why": why}
    if verdict.items is not None:
        answer["lines"] = verdict.items
    if box.json:
        box.out(answer)
    elif claims is None:
        box.out(answer, f"Not valid. {why}\n  {verdict.remedy()}".rstrip())
    else:
        from appliance.receipts.wording import Wording

        money = Wording().money(claims.total, claims.currency)
        level = "Proved" if verdict.level == "proved" else "Promised"
        box.out(answer, f"{level}: receipt {claims.number} over {money}, sale {claims.sale}.\n  {why}")
