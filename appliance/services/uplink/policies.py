"""Policies from central on their way to the recorder, which alone judges them.

The broker gives the retained one again at every connection. One that is in force already is not handed over; what the
recorder refuses again is no new fact there; and whatever the broker sends, it is asked at most once a second, and ever
more seldom while it refuses.
"""

from collections.abc import Callable
from pathlib import Path

from appliance import log
from appliance.errors import Problem, RecorderDown
from appliance.files import bundle
from appliance.files import policy as policyfile
from appliance.ids import new_id
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.projections import policy
from appliance.services.run import Loop
from appliance.services.uplink.asking import ask
from appliance.services.uplink.faults import Fault

logger = log.get("uplink")

DOWN = "down/policy"
_RECORDER_S = 10.0  # a catalogue of 500 items and 2,000 revocations on a slow card
_AGAIN_S = 1.0
_LONGEST_S = 60.0
_UNSIGNED = ("too-large", "unreadable", "bad-signature")


class Policies:
    """Keeps the newest that came until its turn. ``tell``: what is wrong with it, None when nothing is."""

    def __init__(self, run: Path, reader: Reader, loop: Loop, tell: Callable[[Fault | None], None]) -> None:
        self._recorder = RecorderClient(run, "uplink", _RECORDER_S)
        self._reader, self._loop, self._tell = reader, loop, tell
        self._waiting: tuple[bytes, str] | None = None
        self._planned = False
        self._not_before, self._pause = 0.0, _AGAIN_S
        self._strange = b""
        """The last one that central did not sign: what comes again is not asked about again."""

    def close(self) -> None:
        """Let go of the recorder."""
        self._recorder.close()

    def keep(self, payload: bytes) -> None:
        """A message from central; an empty one takes the last one back, which changes nothing of what is in force."""
        if not payload:
            self._waiting = None
            self._tell(None)
            return
        self._waiting = payload, new_id("policy-")
        self._plan(max(0.0, self._not_before - self._loop.now()))

    def _plan(self, seconds: float) -> None:
        if not self._planned:
            self._planned = True
            self._loop.call_later(seconds, self._hand_over)

    def _hand_over(self) -> None:
        self._planned = False
        if self._waiting is None:
            return
        payload, ident = self._waiting
        try:
            taken = self._judged(payload, ident)
        except RecorderDown:
            self._plan(_AGAIN_S)
            return
        self._waiting = None
        self._not_before = self._loop.now() + self._pause
        self._pause = _AGAIN_S if taken else min(_LONGEST_S, self._pause * 2)

    def _judged(self, payload: bytes, ident: str) -> bool:
        """Whether it is in force now. RecorderDown."""
        if bundle.claimed_digest(payload) == policy.in_force(self._reader.db()).digest:
            self._tell(None)
            return True
        if payload == self._strange:
            return False
        asked = policyfile.asked(payload, "uplink")
        try:
            answer = ask(self._recorder, "policy.apply", asked, ident)
        except Problem as problem:
            self._tell(Fault(f"policy.apply refused: {problem.detail}", problem.remedy))
            return False
        if answer["applied"]:
            logger.info("uplink.policy", version=answer["version"], already=answer["already"])
            self._tell(None)
            return True
        logger.warning("uplink.policy_refused", reason=answer["reason"], why=answer["detail"])
        self._strange = payload if answer["reason"] in _UNSIGNED else b""
        fault = Fault(f"policy refused: {answer['detail']}", answer["remedy"])
        # A newer one that came by stick is no fault of anybody.
        self._tell(None if answer["reason"] == "older" else fault)
        return False
