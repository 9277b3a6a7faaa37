"""Guests who sign up. Who they are is in people.db; what is theirs is behind a claim code that only they have.

The code follows from the guest's id under a key of the box, so it is kept nowhere; a fact holds an HMAC of it, by which
the guest is found. Hostile ground: nothing here tells one guest whether another signed up.
"""

import re
import unicodedata
from dataclasses import dataclass

from appliance.domain import consent
from appliance.domain.events import Event
from appliance.domain.kernel import STAFF, Ask, Context, Decided, Fact, PersonRef, Role, command, kind, refuse
from appliance.domain.vouchers import Terms, grant
from appliance.errors import Problem, invalid
from appliance.language import N_

GUEST: frozenset[Role] = frozenset({"guest", "admin"})

LONGEST_NAME, LONGEST_EMAIL = 80, 254
"""Characters; of an address RFC 5321 4.5.3.1.3 takes no more."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
CODE_CHARS = 10
"""Of a claim code: 50 bits."""
_READ_AS = str.maketrans("ILO", "110", "- \t\r\n\u2010\u2011\u2013\N{NO-BREAK SPACE}")
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\\\"]+@[^\s@,;<>()\[\]\\\".]+(?:\.[^\s@,;<>()\[\]\\\".]+)*")


@kind("guest.signed_up/1")
class GuestSignedUp(Fact, frozen=True):
    """Somebody wants to hear of the next events, and agreed to the words of ``consent_version`` in ``language``.
    ``person``: name and e-mail; ``code``: an HMAC of the claim code, under the box's key."""

    guest: str
    consent_version: str
    language: str
    person: PersonRef
    code: str


@kind("guest.erased/1")
class GuestErased(Fact, frozen=True):
    """Name and e-mail of ``guest`` are gone, the yes to the words of ``consent_version`` with them, and the claim code
    opens nothing any more. ``record.erased`` names the record."""

    guest: str
    consent_version: str


@kind("guests.exported/1")
class GuestsExported(Fact, frozen=True):
    """Names and e-mails of ``count`` guests were sealed for the office and handed out. ``digest``: SHA-256 (hex) of the
    sealed file; ``key``: central's verifier key, which alone opens it."""

    count: int
    digest: str
    key: str


@dataclass(frozen=True)
class SignUpKnown:
    """The present event, and what who signs up gets."""

    event: Event | None
    terms: Terms | None = None


class SignUp(Ask, frozen=True):
    """``consent``: the version of the words that were agreed to; ``language``: in which they were read."""

    name: str
    email: str
    consent: str
    language: str


class ExportGuests(Ask, frozen=True):
    """As the fact; sent when the file is sealed, before anybody gets it."""

    count: int
    digest: str
    key: str


def read_code(text: str) -> str | None:
    """The claim code that somebody typed, as it is compared; None: no claim code looks like this."""
    code = text.upper().translate(_READ_AS) if len(text) <= 4 * CODE_CHARS else ""
    return code if len(code) == CODE_CHARS and all(char in ALPHABET for char in code) else None


def show_code(code: str) -> str:
    """As people read it: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def plain(text: str) -> str:
    """What somebody typed into one line: one Unicode form, no spaces around or doubled."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def faults(name: str, email: str) -> dict[str, tuple[str, str]]:
    """What is wrong with what somebody typed, by the field, and what to do; empty: nothing."""
    found = {}
    name, email = plain(name), plain(email)
    if not name:
        found["name"] = N_("The name is missing."), N_("Type what we shall call you.")
    elif len(name) > LONGEST_NAME or not _is_line(name):
        found["name"] = N_("This name is longer than we can keep."), N_("Type a shorter one.")
    if not email:
        found["email"] = N_("The e-mail is missing."), N_("Type your address.")
    elif "@" not in email:
        found["email"] = N_("There is no @ in this address."), N_("Type it as name@example.org.")
    elif email.endswith("@"):
        found["email"] = N_("The part after the @ is missing."), N_("Type it as name@example.org.")
    elif len(email) > LONGEST_EMAIL or not _is_line(email) or not _EMAIL.fullmatch(email):
        found["email"] = N_("This is no e-mail address."), N_("Type it as name@example.org.")
    return found


def _is_line(text: str) -> bool:
    """No control characters, nor those that turn the order of writing around or show nothing."""
    return all(unicodedata.category(char)[0] != "C" or char in "\u200c\u200d" for char in text)


@command("guest.sign_up", SignUp, GUEST, at_full="stop")
def sign_up(ask: SignUp, known: SignUpKnown, ctx: Context) -> Decided:
    """A new guest each time, also for an address that is here already: whoever asks is told nothing of anybody."""
    for field, (what, remedy) in faults(ask.name, ask.email).items():
        raise invalid(f"{field}: {what}", remedy)
    if not re.fullmatch(r"[a-z]{2}", ask.language):
        raise invalid(f"language {ask.language[:20]!r}: wants two small letters")
    if ask.consent != consent.VERSION:
        raise Problem(
            "consent",
            "the words that were agreed to are not the present ones",
            "Read them again, then agree or leave it.",
        )
    if known.event is None or known.event.state == "closed":
        refuse("event-closed", "nobody can sign up while no event is open or planned", "Come back for the next one.")
    guest, person = ctx.new_id("g"), ctx.seal({"name": plain(ask.name), "email": plain(ask.email)})
    fact = GuestSignedUp(
        guest=guest,
        consent_version=ask.consent,
        language=ask.language,
        person=person.ref,
        code=ctx.claim_mark(guest),
    )
    # The claim code is put into each reply that goes out, never into the one that is remembered.
    given = grant(known.terms, guest, known.event.timezone, ctx)
    return Decided([fact, *given], {"guest": guest}, [person], claim=guest)


@command("guests.export", ExportGuests, STAFF, at_full="go_on")
def export(ask: ExportGuests, known: None, ctx: Context) -> Decided:
    """Who got the list, and which; the file itself is the business of who made it."""
    if ask.count < 0:
        raise invalid(f"count {ask.count}: wants 0 or more")
    if not re.fullmatch(r"[0-9a-f]{64}", ask.digest):
        raise invalid("digest: wants a SHA-256 in 64 hexadecimal digits")
    if not re.fullmatch(r"[!-*,-~]{1,80}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,60}", ask.key):
        raise invalid("key: wants central's verifier key")
    return Decided([GuestsExported(count=ask.count, digest=ask.digest, key=ask.key)], {"digest": ask.digest})
