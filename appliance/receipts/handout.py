"""What a box hands out with a receipt so that it can be checked elsewhere: a text that ``evidence.judge`` reads."""

from appliance.domain import tokens
from appliance.journal import codec, notes
from appliance.journal.book import Book
from appliance.journal.read import SignedHead
from appliance.receipts import face
from appliance.receipts.check import Promise


def handout(book: Book, found: Promise, head: SignedHead | None, central: str) -> str:
    """The receipt's code, once ``head`` covers it as a proof; the box's verifier key. When central cosigned: also the
    proof of the log's first fact, which names that key, and ``central``, its verifier key (empty: not known here).
    Last, the text of the items, as long as it fits into a link.

    Raises BrokenBook.
    """
    keys = found.key.vkey() + "\n"
    items = found.face + "\n" if found.face and len(found.face.encode()) <= face.MOST else ""
    if head is None:
        return tokens.url_text(found.token) + "\n" + keys + items
    seal = book.seal(head, found.key, found.seq, found.leaf)
    text = notes.proof_text(found.seq - 1, seal.path, seal.checkpoint, found.token)
    first = book.entry(found.log, 1) if head.cosigned and central else None
    if first is None:
        return text + keys + items
    start = book.seal(head, found.key, 1, first.leaf)
    return (
        text
        + notes.proof_text(0, start.path, start.checkpoint, codec.encode(first.body))
        + keys
        + central
        + "\n"
        + items
    )
