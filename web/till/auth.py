"""Who asks, and whether a write came from our own page."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, request

from appliance.errors import Problem, invalid
from appliance.private.secrets import SESSION_S, Grant, Role, SignedIn, Staff
from web.till.deps import deps

COOKIE = "bk_staff"
DEVICE = "bk_device"

_DEVICE_S = 365 * 24 * 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST = 200

View = TypeVar("View", bound=Callable[..., Any])


def open_to_all(view: View) -> View:
    """Nobody has to sign in for this one."""
    vars(view)["is_open"] = True
    return view


def look() -> Callable[[], SignedIn | None]:
    """A question that may be asked again later: who signed this request? By token when one is shown, else by
    cookie; None: nobody, or no longer."""
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


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Only these roles may; others get ``role``."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if staff().role not in roles:
                raise Problem("role", f"this is for {' or '.join(roles)}, not for {staff().role}", "Ask the lead.")
            return view(*args, **kwargs)

        return cast(View, guarded)

    return guard


def login(pin: str) -> Grant:
    """Check a PIN for the device that asks; raises Problem as ``Secrets.login`` does, and ``csrf``."""
    check_origin(needed=False)
    return deps().secrets.login(pin, *_from())


def approved_by(pin: str | None, *roles: Role) -> str:
    """The id of who answers for what is asked now: the person who is signed in, else the one whose PIN this is. Raises
    ``role`` when neither is of these roles, and Problem as ``Secrets.approve`` does."""
    person = staff() if pin is None or staff().role in roles else deps().secrets.approve(pin, *_from())
    if person.role not in roles:
        raise Problem("role", f"this is for {' or '.join(roles)}, not for {person.role}", "Ask the lead for their PIN.")
    return person.id


def approved(body: dict[str, Any], *, by_themselves: bool) -> dict[str, Any]:
    """A command's data with its ``approver`` in place of ``approver_pin``: the PIN stays here, the recorder is told who
    approved. ``by_themselves``: a lead who is signed in approves what they ask for."""
    if "approver" in body:
        raise invalid("approver: is not for the caller to say", "Send the lead's approver_pin.")
    body = dict(body)
    pin = body.pop("approver_pin", None)
    if pin is not None and not isinstance(pin, str):
        raise invalid("approver_pin: wants a text")
    if pin is not None or (by_themselves and staff().role == "lead"):
        body["approver"] = approved_by(pin, "lead")
    return body


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


def logout(response: Response) -> None:
    """End this browser's sign-in."""
    deps().secrets.logout(request.cookies.get(COOKIE, "")[:_LONGEST])
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
