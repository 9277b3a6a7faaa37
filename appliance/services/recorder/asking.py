"""What the portal asks of a guest by the claim code. It can read neither people.db nor the key of the codes, so whoever
breaks into it has nobody's name and nobody's code; and what is asked here makes no fact and is not remembered.
"""

from pathlib import Path
from typing import Any

import msgspec

from appliance.clock import Clock
from appliance.domain.guests import read_code
from appliance.errors import Problem, invalid
from appliance.files import tickets as ticketfile
from appliance.journal.store import Store
from appliance.private.guesses import Guesses
from appliance.private.people import People
from appliance.projections import guests, vouchers
from appliance.projections.guests import SignedUp
from appliance.services.recorder.ticketkeys import TicketKeys


class ByCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``device``: who asks, as the portal tells devices apart."""

    code: str
    device: str


class Asking:
    """Answers for who has a claim code."""

    def __init__(self, data: Path, store: Store, clock: Clock, keys: TicketKeys) -> None:
        self._store, self._clock, self._keys = store, clock, keys
        self._people = People(data)
        self._guesses = Guesses()

    def whose(self, data: dict[str, Any]) -> dict[str, Any]:
        """``guest``: the id; ``at``, ``event``: of the sign-up. Problem ``claim-code``, ``throttled``."""
        found = self._guest(data)
        return {"guest": found.guest, "at": found.at, "event": found.event}

    def about(self, data: dict[str, Any]) -> dict[str, Any]:
        """All that is kept of the guest: the same, ``consent_version``, ``language``, ``name``, ``email``."""
        found = self._guest(data)
        return {
            "guest": found.guest,
            "at": found.at,
            "event": found.event,
            "consent_version": found.version,
            "language": found.language,
            **self._people.person(found.ref),
        }

    def vouchers(self, data: dict[str, Any]) -> dict[str, Any]:
        """``codes``: what the QR says of each voucher of the guest that still pays, by its id; the same each time."""
        held = vouchers.of_guest(self._store.db, self._guest(data).guest)
        codes = {
            one.granted.voucher: ticketfile.voucher_code(self._keys.signer(one.event), one.granted, one.event)
            for one in held
            if one.pays
        }
        return {"codes": codes}

    def _guest(self, data: dict[str, Any]) -> SignedUp:
        try:
            asked = msgspec.convert(data, ByCode)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from error
        now, device, code = self._clock(), asked.device[:80], read_code(asked.code)
        if code is None:  # no code looks like this: nothing was guessed
            raise _nothing()
        self._guesses.check(device, now)
        found = guests.by_mark(self._store.db, self._store.keys.claim_mark(code))
        if found is None:
            self._guesses.wrong(device, now)
            raise _nothing()
        self._guesses.right(device, now)
        return found


def _nothing() -> Problem:
    return Problem("claim-code", "this claim code opens nothing", "Type it as it was shown to you.")
