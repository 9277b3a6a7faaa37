"""Who asks, and whether a write came from our own page."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, request

from appliance.domain.guardrails import Action, Limits
from appliance.errors import Problem, invalid
from appliance.private.pairing import COOKIE_S
from appliance.private.secrets import SESSION_S, Grant, Role, SignedIn, Staff
from appliance.projections import guardrails
from web.common.serving import INSIDE
from web.till.deps import deps

COOKIE = "bk_staff"
DEVICE = "bk_device"
PAIRED = "bk_paired"

_DEVICE_S = 365 * 24 * 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST = 200
APPROVALS = frozenset({"approver_pin", "approval"})
"""How the body of a write proves that a lead allows it."""

View = TypeVar("View", bound=Callable[..., Any])


def open_to_all(view: View) -> View:
    """Nobody has to sign in for this one."""
    vars(view)["is_open"] = True
    return view


def open_to_strangers(view: View) -> View:
    """Nobody has to sign in for this one, nor be paired on the guests' air."""
    vars(view)["is_for_strangers"] = True
    return open_to_all(view)


def on_air() -> bool:
    """Whether this request came over https from the guests' air, where guests are too."""
    return INSIDE in request.environ


def paired() -> bool:
    """Whether the device that asks may reach the till at all: every one on the staff's own network, on the guests' air
    those that the lead let in."""
    return not on_air() or _is_paired(request.cookies.get(PAIRED, ""))


def _is_paired(cookie: str) -> bool:
    return 0 < len(cookie) <= _LONGEST and deps().secrets.pairings.device(cookie) is not None


def look() -> Callable[[], SignedIn | None]:
    """A question that may be asked again later: who signed this request? By token when one is shown, else by
    cookie; None: nobody, or no longer, or on a device that is paired no more."""
    pairings, who = deps().secrets.pairings, _look()
    if not on_air():
        return who
    known = request.cookies.get(PAIRED, "")[:_LONGEST]
    return lambda: who() if pairings.device(known) is not None else None


def _look() -> Callable[[], SignedIn | None]:
    secrets = deps().secrets
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return lambda: secrets.bearer(token.strip()) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE, "")
    return lambda: secrets.session(cookie) if 0 < len(cookie) <= _LONGEST else None


def sign_in() -> None:
    """Find out who asks, for the rest of this request. Raises ``signed-out`` or ``csrf``."""
    signed = look()()
    if signed is None:
        raise Problem("signed-out", "nobody is signed in, or no longer", "Enter your PIN, or send a valid token.")
    if signed.csrf is not None and request.method not in _SAFE:
        check_origin(needed=True)
        shown = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
        if not hmac.compare_digest(shown.encode(errors="surrogatepass"), signed.csrf.encode()):
            raise Problem("csrf", "X-CSRF-Token is not that of this sign-in", "Load the page again.")
    g.signed = signed


def check_origin(*, needed: bool) -> None:
    """A browser names the page that a write comes from; it has to be ours. Raises ``csrf``."""
    origin = request.headers.get("Origin")
    if (needed or origin is not None) and origin != request.host_url.rstrip("/"):
        detail = f"Origin is {(origin or 'missing')[:80]}, wants {request.host_url.rstrip('/')[:80]}"
        raise Problem("csrf", detail, "Open the till at its own address.")


def staff() -> Staff:
    """Who asks; only behind ``sign_in``."""
    return cast(SignedIn, g.signed).staff


def actor() -> str:
    """The same as facts name it."""
    return f"staff:{staff().id}"


def limits() -> Limits:
    """The guardrails in force."""
    return guardrails.limits(deps().reader.db())


def may(action: Action) -> bool:
    """Whether the policy leaves this to who asks. What the till lets each role do at all is ``for_roles``."""
    return limits().lets(action, staff().role)


def check(action: Action, *, approved: bool = False) -> None:
    """Raises ``role`` when the policy does not leave this to who asks, and no lead gave their word for it."""
    if not approved and not may(action):
        raise Problem("role", f"policy {limits().policy} leaves this to the lead", "Ask the lead.")


def for_roles(*roles: Role, action: Action | None = None) -> Callable[[View], View]:
    """Only these roles may, and of them those to whom the policy leaves the ``action``; others get ``role``."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if staff().role not in roles:
                raise Problem("role", f"this is for {' or '.join(roles)}, not for {staff().role}", "Ask the lead.")
            if action is not None:
                check(action)
            return view(*args, **kwargs)

        vars(guarded)["roles"] = roles
        return cast(View, guarded)

    return guard


def login(pin: str) -> Grant:
    """Check a PIN for the device that asks; raises Problem as ``Secrets.login`` does, and ``csrf``."""
    check_origin(needed=False)
    return deps().secrets.login(pin, *_from())


def approved_by(body: dict[str, Any], command: str) -> str:
    """The id of the lead who answers for what ``command`` asks now: whoever gave the ``approval`` in its body, else the
    person who is signed in, else the one whose ``approver_pin`` it holds. Both are taken out of the body: they stay
    here. Raises ``validation``, ``approval``, ``role``, and Problem as ``Secrets.approve`` does."""
    pin, approval = (_secret(body, name) for name in ("approver_pin", "approval"))
    if approval is not None:
        if pin is not None:
            raise invalid("approval: goes without approver_pin")
        found = deps().secrets.use_approval(approval, command) if len(approval) <= _LONGEST else None
        if found is None:
            raise Problem(
                "approval", "it is unknown, too old, or was used already", "Ask the lead for their PIN again."
            )
        return found
    person = staff() if pin is None or staff().role == "lead" else deps().secrets.approve(pin, *_from())
    if person.role != "lead":
        raise Problem("role", f"this is for lead, not for {person.role}", "Ask the lead for their PIN.")
    return person.id


def _secret(body: dict[str, Any], name: str) -> str | None:
    found = body.pop(name, None)
    if found is not None and not isinstance(found, str):
        raise invalid(f"{name}: wants a text")
    return found


def approved(body: dict[str, Any], command: str, *, by_themselves: bool) -> dict[str, Any]:
    """A command's data with its ``approver`` in place of ``approver_pin`` or ``approval``: the recorder is told who
    approved. ``by_themselves``: a lead who is signed in approves what they ask for."""
    if "approver" in body:
        raise invalid("approver: is not for the caller to say", "Send the lead's approver_pin.")
    body = dict(body)
    given = any(body.get(name) is not None for name in APPROVALS)
    if given or (by_themselves and staff().role == "lead"):
        person = approved_by(body, command)
        return {**body, "approver": person}
    return {name: value for name, value in body.items() if name not in APPROVALS}


def give_approval(pin: str) -> tuple[str, Staff]:
    """A lead's PIN, checked now for one command that comes later. Raises ``role``, and Problem as ``Secrets.login``
    does."""
    found = deps().secrets.give_approval(pin, *_from(), "lead")
    if found is None:
        raise Problem("role", "this PIN is no lead's", "Ask the lead for their PIN.")
    return found


def _from() -> tuple[str | None, str]:
    """The device that asks, as its cookie says, and its address."""
    device = request.cookies.get(DEVICE, "")
    return device if 0 < len(device) <= _LONGEST else None, request.remote_addr or ""


def hand_over(grant: Grant, response: Response) -> None:
    """Put the cookies of a sign-in on its answer."""
    values = [(COOKIE, grant.cookie, SESSION_S)]
    if grant.device is not None:
        values.append((DEVICE, grant.device, _DEVICE_S))
    for name, value, seconds in values:
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=request.is_secure)
    if on_air():  # a device in use is not forgotten
        cookie = request.cookies.get(PAIRED, "")
        deps().secrets.pairings.seen(cookie)
        let_in(cookie, response)


def let_in(cookie: str, response: Response) -> None:
    """This browser is paired: its cookie, for as long as browsers keep one."""
    response.set_cookie(PAIRED, cookie, max_age=COOKIE_S, httponly=True, samesite="Lax", secure=True)


def logout(response: Response) -> None:
    """End this browser's sign-in."""
    deps().secrets.logout(request.cookies.get(COOKIE, "")[:_LONGEST])
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
