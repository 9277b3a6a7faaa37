"""Trade item numbers: the check digit against other ways to compute it, and the address that is made of them."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain import gtin

bodies = st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))
LOT_LETTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def independent(body: str) -> str:
    """GS1's own table: the digits right-aligned in 17 places, which weigh 3, 1, 3, 1, ... 3; up to the next ten."""
    weights = [3, 1] * 8 + [3]
    total = sum(weight * int(digit) for weight, digit in zip(weights, body.rjust(17, "0"), strict=True))
    return str((total + 9) // 10 * 10 - total)


@given(bodies)
def test_the_check_digit_is_that_of_gs1_s_table(body: str) -> None:
    right = body + independent(body)
    assert gtin.fault(right) is None
    assert str(gtin.check_digit(body)) == independent(body)
    for digit in set("0123456789") - {right[-1]}:
        assert f"would be {right[-1]}" in str(gtin.fault(body + digit))


@given(bodies, st.data())
def test_one_wrong_digit_is_always_noticed(body: str, data: st.DataObject) -> None:
    right = body + independent(body)
    place = data.draw(st.integers(0, len(right) - 1))
    other = data.draw(st.sampled_from(sorted(set("0123456789") - {right[place]})))
    assert gtin.fault(right[:place] + other + right[place + 1 :]) is not None


@pytest.mark.parametrize("known", ["4006381333931", "9506000134352", "036000291452", "96385074", "10012345678902"])
def test_numbers_off_real_packages_are_right(known: str) -> None:
    assert gtin.fault(known) is None


@pytest.mark.parametrize(
    "text", ["", "0", "95060001343", "950600013435200", "9506000134352 ", "٩506000134352", "95-06", "x" * 999]
)
def test_what_is_no_number_says_what_is_wanted(text: str) -> None:
    said = gtin.fault(text)
    assert said is not None
    assert "8, 12, 13 or 14 digits" in said
    assert len(said) < 100


@given(st.text())
def test_any_text_is_judged_and_none_that_is_right_has_another_length(text: str) -> None:
    if gtin.fault(text) is None:
        assert text.isascii()
        assert text.isdigit()
        assert len(text) in gtin.LENGTHS


@given(bodies, st.none() | st.text(LOT_LETTERS, min_size=1, max_size=20) | st.text(min_size=1))
def test_the_address_says_number_and_lot_and_nothing_else(body: str, lot: str | None) -> None:
    number = body + independent(body)
    address = gtin.digital_link(number, lot)
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "id.gs1.org", "", "")
    keys = parts.path.split("/")
    assert keys[1] == "01"
    assert (len(keys[2]), keys[2].lstrip("0")) == (14, number.lstrip("0"))
    writable = lot is not None and len(lot) <= 20 and set(lot) <= set(LOT_LETTERS)
    assert keys[3:] == (["10", keys[-1]] if writable else [])
    if writable:
        assert unquote(keys[-1]) == lot
