"""Visits: for how long guests look at the portal's pages, added up in batches. Nobody is told from anybody else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.domain.guests import GUEST
from appliance.domain.kernel import Ask, Context, Decided, Fact, command, kind
from appliance.errors import invalid

LIMITS_S = (5, 15, 60, 300)
"""Where one bucket of a visit's length ends and the next begins; the last bucket is open."""
LONGEST_S = 1800
"""Of one visit: a page that lies open on a table is no attention."""
MAX_PAGES = 32
MAX_COUNT = 1_000_000
MAX_SECONDS = 100_000_000

_PAGE = re.compile(r"[a-z]{1,20}")


@kind("visit.measured/1")
class VisitMeasured(Fact, frozen=True):
    """What was added to a page's visits since the fact before: ``visits`` that began, ``seconds`` that a page was seen.
    ``page``: which of the portal's pages, never whose. ``by_bucket``: how many visits more there are of each length
    (at most 5, 15, 60, 300 seconds, longer); a visit that lasted on leaves one bucket, which then has one less, for the
    next, so that sums over all facts are right at any time. ``lost``: visits that began when there were too many to
    measure."""

    page: str
    visits: int
    seconds: int
    by_bucket: tuple[int, ...]
    lost: int = 0


class PageVisits(Ask, frozen=True):
    """One page's part, as ``visit.measured`` has it."""

    page: str
    visits: int
    seconds: int
    by_bucket: list[int]
    lost: int = 0


class MeasureVisits(Ask, frozen=True):
    """What was seen of all pages since the last time; a page is named once."""

    pages: list[PageVisits]


@command("visit.measure", MeasureVisits, GUEST, at_full="stop")
def measure(ask: MeasureVisits, known: None, ctx: Context) -> Decided:
    """Numbers that can be: nobody who got hold of the guests' socket writes texts or floods the book."""
    if not 1 <= len(ask.pages) <= MAX_PAGES or len({page.page for page in ask.pages}) < len(ask.pages):
        raise invalid(f"pages: wants 1 to {MAX_PAGES}, each once")
    for page in ask.pages:
        if fault := _fault(page):
            raise invalid(f"page {page.page[:20]!r}: {fault}")
    return Decided([_fact(page) for page in ask.pages])


def bucket(seconds: int) -> int:
    """Which of ``by_bucket`` a visit of so many seconds is in."""
    return sum(seconds > limit for limit in LIMITS_S)


def _fault(page: PageVisits) -> str | None:
    if not _PAGE.fullmatch(page.page):
        return "a page's name has 1 to 20 small letters"
    if not 0 <= page.visits <= MAX_COUNT or not 0 <= page.lost <= MAX_COUNT:
        return f"visits and lost: wants 0 to {MAX_COUNT:,}"
    if not 0 <= page.seconds <= MAX_SECONDS:
        return f"seconds {page.seconds}: wants 0 to {MAX_SECONDS:,}"
    if len(page.by_bucket) != len(LIMITS_S) + 1 or sum(page.by_bucket) != page.visits:
        return f"by_bucket: wants {len(LIMITS_S) + 1} numbers that make {page.visits} visits together"
    if max(map(abs, page.by_bucket)) > MAX_COUNT:
        return f"by_bucket: wants at most {MAX_COUNT:,} of each"
    return None


def _fact(page: PageVisits) -> VisitMeasured:
    return VisitMeasured(
        page=page.page, visits=page.visits, seconds=page.seconds, by_bucket=tuple(page.by_bucket), lost=page.lost
    )


@dataclass(frozen=True)
class PageSeen:
    """One page: ``visits``, all their ``seconds``, how many visits of each length, and how many more were ``lost``."""

    page: str
    visits: int
    seconds: int
    by_bucket: tuple[int, ...]
    lost: int


def median(by_bucket: Sequence[int]) -> int | None:
    """The bucket that the visit in the middle is in; None without visits."""
    middle, passed = (sum(by_bucket) + 1) // 2, 0
    for place, count in enumerate(by_bucket):
        passed += count
        if passed >= middle > 0:
            return place
    return None
