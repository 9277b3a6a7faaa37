"""Hostile bytes become plain values or a problem, and nothing else."""

import json
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Problem
from web.common.body import command_key, json_object, whole

T = TypeVar("T")


def outcome(ask: Callable[[], T]) -> T | Problem:
    """What comes out, or the problem."""
    try:
        return ask()
    except Problem as problem:
        return problem


leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@given(st.dictionaries(st.text(), values, max_size=4))
def test_what_json_can_say_without_fractions_comes_through_unchanged(value: dict[str, object]) -> None:
    assert json_object(json.dumps(value).encode()) == value
    assert json_object(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE-\\utrfals "', max_size=60).map(str.encode))
def test_any_bytes_are_an_object_or_a_validation_problem(raw: bytes) -> None:
    found = outcome(lambda: json_object(raw))
    assert isinstance(found, dict) or (found.slug, found.keeps) == ("validation", False)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"a": 1,}', "line 1, column 9"),
        (b'{"a":\n 1.5}', "1.5"),
        (b'{"a": 1e3}', "1e3"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": 9007199254740992}', "9007199254740992"),
        (b'{"a": ' + b"9" * 5000 + b"}", "999"),
        (b'{"a": 1, "a": 2}', "'a' is there twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\xff"}', "byte 7"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "not a list"),
        (b"", "line 1, column 1"),
    ],
)
def test_a_fault_is_named_with_its_place(raw: bytes, says: str) -> None:
    with pytest.raises(Problem) as caught:
        json_object(raw)
    assert says in caught.value.detail


def test_a_byte_order_mark_is_fine() -> None:
    assert json_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("header", "key"), [("abc", "abc"), ('"abc"', "abc"), ("A.b_c:d-9", "A.b_c:d-9"), ("x" * 80, "x" * 80)]
)
def test_a_key_is_plain_or_quoted(header: str, key: str) -> None:
    assert command_key(header) == key


@pytest.mark.parametrize("header", ["x" * 81, "a b", '"abc', 'abc"', '""', "ä", "a/b", "a\n", '"'])
def test_another_key_is_a_validation_problem(header: str) -> None:
    with pytest.raises(Problem) as caught:
        command_key(header)
    assert caught.value.slug == "validation"


@pytest.mark.parametrize("header", [None, ""])
def test_no_key_is_a_missing_key(header: str | None) -> None:
    with pytest.raises(Problem) as caught:
        command_key(header)
    assert caught.value.slug == "key-missing"


@given(st.text(max_size=30))
def test_a_number_of_a_query_is_whole_or_a_validation_problem(text: str) -> None:
    found = outcome(lambda: whole(text, "after", 0))
    assert found == int(text) if isinstance(found, int) else found.slug == "validation"
