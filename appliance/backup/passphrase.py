"""The lead's passphrase makes a key pair: who has the public half can seal a backup, only the passphrase opens it.

DATA/keys/backup.pub holds the public half, as text of four lines:

    boothkit-backup-key/1
    argon2id m=<KiB> t=<passes> p=1
    salt <base64 of 16 bytes>
    x25519 <base64 of 32 bytes>
"""

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.errors import BoothkitError
from appliance.journal.notes import BadNote, b64, unb64
from appliance.language import N_

SHORTEST, LONGEST = 12, 200
HEADER = "boothkit-backup-key/1"
PUBLIC = "backup.pub"
"""The file's name in DATA/keys."""

MEMORY_KIB, PASSES = 32 * 1024, 6
"""A tenth of what a box with 512 MB has left beside its workers, for some seconds."""
_MOST_MEMORY_KIB, _MOST_PASSES = 512 * 1024, 32  # what a file may ask of the box that opens it
_LONGEST_TEXT = 400
_COST = re.compile(r"argon2id m=([1-9][0-9]{0,6}) t=([1-9][0-9]?) p=1")
_COMMON = re.compile(
    r"passwor[dt]|passphrase|kennwort|geheim|secret|boothkit|letmein|welcome|willkommen|qwert[yz]|asdf|admin|iloveyou"
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertzuiopasdfghjklyxcvbnm", "qwertyuiopasdfghjklzxcvbnm")
_WORTH = 8  # characters that a guesser does not get for nothing
_STRONG = 16

Strength = Literal["weak", "fair", "strong"]


class WeakPassphrase(BoothkitError):
    """A passphrase that a stranger with the stick would guess."""

    remedy = "Take four words that do not belong together, such as a list of things on the table."


class WrongPassphrase(BoothkitError):
    """The passphrase does not make the key that this was sealed for."""

    remedy = "Type it again: capitals and spaces count. Without it nobody can open what is private in this backup."


class BadKey(BoothkitError):
    """backup.pub, or the head of a sealed file, holds no key of this form."""

    remedy = "Set a passphrase again; backups that were made before keep theirs."


@dataclass(frozen=True)
class Recipient:
    """The public half: for whom a backup is sealed, and how the passphrase becomes the other half."""

    memory_kib: int
    passes: int
    salt: bytes
    public: bytes

    def text(self) -> str:
        """As it stands in backup.pub."""
        return (
            f"{HEADER}\nargon2id m={self.memory_kib} t={self.passes} p=1\n"
            f"salt {b64(self.salt)}\nx25519 {b64(self.public)}\n"
        )

    @property
    def fingerprint(self) -> str:
        """What tells two passphrases apart without a word about either: 16 hexadecimal digits."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:16]

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """The key of a text; raises BadKey."""
        lines = text.split("\n") if len(text) <= _LONGEST_TEXT else []
        if len(lines) != 5 or lines[0] != HEADER or lines[4]:
            raise BadKey(f"not a backup key: wants {HEADER} and three more lines")
        cost = _COST.fullmatch(lines[1])
        try:
            salt, public = unb64(lines[2].removeprefix("salt ")), unb64(lines[3].removeprefix("x25519 "))
        except BadNote as error:
            raise BadKey(f"not a backup key: {error}") from error
        if cost is None or (len(salt), len(public)) != (16, 32):
            raise BadKey("not a backup key: wants the cost, 16 bytes of salt, 32 bytes of key")
        found = cls(int(cost[1]), int(cost[2]), salt, public)
        if found.text() != text or not 8 <= found.memory_kib <= _MOST_MEMORY_KIB or found.passes > _MOST_PASSES:
            raise BadKey(f"not a backup key: {lines[1]} asks too much, or a line is not as it should be")
        return found

    def open(self, passphrase: str) -> X25519PrivateKey:
        """The private half. Raises WrongPassphrase."""
        private = _derive(passphrase, self.salt, self.memory_kib, self.passes)
        if private.public_key().public_bytes_raw() != self.public:
            raise WrongPassphrase("this is not the passphrase of this backup")
        return private


def new(passphrase: str, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> Recipient:
    """The public half of a new key pair. Raises WeakPassphrase."""
    check(passphrase)
    salt = secrets.token_bytes(16)
    public = _derive(passphrase, salt, memory_kib, passes).public_key().public_bytes_raw()
    return Recipient(memory_kib, passes, salt, public)


def check(passphrase: str) -> None:
    """Raises WeakPassphrase for one that is too short, too long, or easily guessed."""
    text = normal(passphrase)
    if len(text) < SHORTEST:
        raise WeakPassphrase(N_("a passphrase has at least {0} characters").format(SHORTEST))
    if len(text) > LONGEST:
        raise WeakPassphrase(N_("a passphrase has at most {0} characters").format(LONGEST))
    if not text.isprintable():
        raise WeakPassphrase(N_("a passphrase is of letters, digits, signs and spaces"))
    if strength(text) == "weak":
        raise WeakPassphrase(N_("this passphrase is easily guessed"))


def strength(passphrase: str) -> Strength:
    """How hard it is to guess, roughly: characters that follow from those before them count for nothing."""
    text = normal(passphrase)
    worth = _worth(text)
    if len(text) < SHORTEST or worth < _WORTH:
        return "weak"
    return "strong" if worth >= _STRONG else "fair"


def normal(passphrase: str) -> str:
    """As it is hashed: the same letters typed on another keyboard are the same passphrase."""
    return " ".join(unicodedata.normalize("NFC", passphrase).split())


def _worth(text: str) -> int:
    folded = _COMMON.sub("*", _once(text.casefold()))
    worth, before = 0, ""
    for char in folded:
        follows = before and any(before + char in row or char + before in row for row in _ROWS)
        worth += not follows and char != before
        before = char
    return worth if len(set(folded)) >= min(6, _WORTH) else min(worth, len(set(folded)))


def _once(text: str) -> str:
    """Without repetitions of the whole: `abcabcabc` is worth `abc`."""
    for length in range(1, len(text) // 2 + 1):
        unit = text[:length]
        if (unit * (len(text) // length + 1))[: len(text)] == text:
            return unit
    return text


def _derive(passphrase: str, salt: bytes, memory_kib: int, passes: int) -> X25519PrivateKey:
    from argon2.low_level import Type, hash_secret_raw  # here: argon2 is loaded where a passphrase is typed

    raw = hash_secret_raw(
        normal(passphrase).encode(errors="surrogatepass"),
        salt,
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return X25519PrivateKey.from_private_bytes(raw)
