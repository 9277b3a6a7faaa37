"""The plan of a day: what every seed promises."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import demo
from drivers.emulators.day import Step, expected, plan
from drivers.emulators.day.steps import (
    FLOAT,
    POSTERS,
    PRICES,
    REENTRY,
    Plug,
    Power,
    Printer,
    Scan,
    Sell,
    Walk,
    posters,
    total,
)

TICKETS = {"general": [f"G{n}" for n in range(150)], "vip": [f"V{n}" for n in range(50)]}

seeds = st.integers(0, 2**32)
hours = st.floats(0.5, 24)
ticket_files = st.fixed_dictionaries(
    {
        "general": st.integers(0, 160).map(lambda n: [f"G{i}" for i in range(n)]),
        "vip": st.integers(0, 60).map(lambda n: [f"V{i}" for i in range(n)]),
    }
)


def scans(steps: list[Step]) -> list[Scan]:
    return [step.do for step in steps if isinstance(step.do, Scan)]


def sales(steps: list[Step]) -> list[Sell]:
    return [step.do for step in steps if isinstance(step.do, Sell)]


def test_the_plan_sells_what_the_demo_sells() -> None:
    assert {item["sku"]: item["price"] for item in demo.ITEMS} == PRICES
    assert [item["stock"] for item in demo.ITEMS if "stock" in item] == [POSTERS]
    assert demo.FLOAT == FLOAT
    assert {name for name, entry, _ in demo.LISTS if entry == "reentry"} == REENTRY
    assert {entry for _, entry, _ in demo.LISTS} == {"single", "reentry"}


@settings(max_examples=25, deadline=None)
@given(seeds, hours)
def test_the_same_seed_is_the_same_day_and_another_seed_another(seed: int, length: float) -> None:
    day = plan(seed, length, tickets=TICKETS)
    assert plan(seed, length, tickets=TICKETS) == day
    assert plan(seed + 1, length, tickets=TICKETS) != day


@settings(max_examples=25, deadline=None)
@given(seeds, hours)
def test_other_codes_on_the_same_lists_change_the_codes_and_nothing_else(seed: int, length: float) -> None:
    other = {name: [f"other-{code}" for code in codes] for name, codes in TICKETS.items()}
    renamed = plan(seed, length, tickets=other)
    back = {f"other-{code}": code for codes in TICKETS.values() for code in codes}
    for ours, theirs in zip(plan(seed, length, tickets=TICKETS), renamed, strict=True):
        if isinstance(theirs.do, Scan) and isinstance(ours.do, Scan):
            assert (ours.do.code, ours.do.by) == (back.get(theirs.do.code, theirs.do.code), theirs.do.by)
        else:
            assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(seeds, hours, ticket_files)
def test_steps_come_in_order_of_time_and_codes_from_the_file(
    seed: int, length: float, tickets: dict[str, list[str]]
) -> None:
    day = plan(seed, length, tickets=tickets)
    times = [step.at_s for step in day]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= length * 3600 * 1.1
    known = {code: name for name, codes in tickets.items() for code in codes}
    for scan in scans(day):
        assert known.get(scan.code) == scan.list
        assert scan.reads == 1 or scan.by == "scanner"
        assert scan.by == "tablet" or scan.direction == "in"


@settings(max_examples=60, deadline=None)
@given(seeds, hours, ticket_files)
def test_counts_agree_with_what_is_expected(seed: int, length: float, tickets: dict[str, list[str]]) -> None:
    day = plan(seed, length, tickets=tickets)
    outcome = expected(day)
    verdicts = outcome.admitted.total() + outcome.exited.total() + outcome.refused.total()
    assert verdicts == len(scans(day))
    assert outcome.sales + outcome.refused_sales.total() == len(sales(day))
    assert outcome.admitted["general"] == len({scan.code for scan in scans(day) if scan.list == "general"})
    assert 0 <= outcome.posters <= POSTERS
    cards = sum(t.amount for sale in sales(day) for t in sale.tenders if t.kind == "card")
    tried = sum(
        t.amount for sale in sales(day) if posters(sale.lines) for t in sale.tenders if t.kind == "card"
    )  # cards of refused carts were not charged, and only carts with posters are refused for a reason but money
    assert outcome.gross - cards <= outcome.drawer - FLOAT <= outcome.gross - cards + tried
    walks: Counter[str] = Counter()
    for step in day:
        if isinstance(step.do, Walk):
            walks[step.do.direction] += step.do.people
    assert outcome.walked == walks


@settings(max_examples=60, deadline=None)
@given(seeds, hours, ticket_files)
def test_nobody_leaves_who_is_not_inside_and_nobody_walks_before_the_tablet_opened_the_day(
    seed: int, length: float, tickets: dict[str, list[str]]
) -> None:
    inside = 0
    opened = False
    for step in plan(seed, length, tickets=tickets):
        match step.do:
            case Walk("in", people):
                inside += people
                assert opened
            case Walk("out", people):
                inside -= people
            case Scan(by="tablet") | Sell():
                opened = True
            case Scan():
                assert opened
            case _:
                pass
        assert inside >= 0
    assert inside == 0


@settings(max_examples=60, deadline=None)
@given(seeds, hours)
def test_every_day_has_each_kind_of_trouble_however_short(seed: int, length: float) -> None:
    day = plan(seed, length, tickets=TICKETS)
    outcome = expected(day)
    assert outcome.refused["already_used"] >= 2
    assert outcome.refused["unknown"] >= 1
    assert outcome.exited["vip"] >= 1
    assert outcome.admitted["vip"] > len({scan.code for scan in scans(day) if scan.list == "vip"}), "a re-entry"
    assert outcome.refused_sales["underpaid"] >= 1
    assert outcome.refused_sales["sold-out"] >= 1
    assert outcome.posters == 0
    assert any(line.returned for sale in sales(day) for line in sale.lines)
    changes = [step.do for step in day if isinstance(step.do, Printer | Plug)]
    assert [change for change in changes if isinstance(change, Printer)] == [
        Printer(paper="near_end"),
        Printer(paper="out"),
        Printer(cover="open"),
        Printer(paper="ok", cover="closed"),
    ]
    for device in ("printer", "scanner"):
        pulled = [change.plugged for change in changes if isinstance(change, Plug) and change.device == device]
        assert pulled == [False, True]


@settings(max_examples=40, deadline=None)
@given(seeds, hours)
def test_no_scanner_reads_while_its_plug_is_out(seed: int, length: float) -> None:
    plugged = True
    for step in plan(seed, length, tickets=TICKETS):
        if isinstance(step.do, Plug) and step.do.device == "scanner":
            plugged = step.do.plugged
        if isinstance(step.do, Scan):
            assert plugged or step.do.by == "tablet"


@settings(max_examples=40, deadline=None)
@given(seeds, hours)
def test_the_sun_goes_down_and_the_battery_falls(seed: int, length: float) -> None:
    sky = [step.do for step in plan(seed, length, tickets=TICKETS) if isinstance(step.do, Power)]
    assert sky[0].pv_watts > 30
    assert sky[-1].pv_watts == 0
    assert sky[-1].soc < sky[0].soc - 5
    assert all(0 < power.soc <= 100 and 11 < power.volts < 15 for power in sky)


@settings(max_examples=40, deadline=None)
@given(seeds, hours)
def test_a_card_pays_no_more_than_is_due_and_cash_is_short_in_underpaid_attempts_only(seed: int, length: float) -> None:
    day = plan(seed, length, tickets=TICKETS)
    short = 0
    for sale in sales(day):
        cards = sum(tender.amount for tender in sale.tenders if tender.kind == "card")
        assert cards <= max(0, total(sale.lines))
        if sum(tender.amount for tender in sale.tenders) < total(sale.lines):
            short += 1
            assert [tender.kind for tender in sale.tenders] == ["cash"]
            assert posters(sale.lines) == 0
    assert short == expected(day).refused_sales["underpaid"]
