"""JSON that somebody else may have written: each value as asked, or refused with its place."""

from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.json_node import Node, read_json


def node(value: object) -> Node:
    return Node("file.json", "", {"a": value})["a"]


def read(folder: Path, content: bytes) -> Node:
    (folder / "x.json").write_bytes(content)
    return read_json(folder / "x.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b'{"a": 1, "a": 2}', "'a' stands there twice"),
        (b'{"b": {"a": 1, "c": 2, "a": 2}}', "'a' stands there twice"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"1" * 5_000, "is no JSON"),
    ],
)
def test_what_is_no_plain_json_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """In one line that names the file; a field that comes twice would be read differently by different readers."""
    with pytest.raises(InputError) as refused:
        read(tmp_path, content)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """As the system says it."""
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize("value", [True, "1", None, [], {}, float("inf"), float("nan"), 10**400, 1e308])
def test_a_number_is_a_finite_number(value: object) -> None:
    """True is none, nor is a text that spells one."""
    with pytest.raises(InputError, match="a is no"):
        node(value).number()
    assert [node(number).number() for number in (0, -2, 1.5, 1e299)] == [0.0, -2.0, 1.5, 1e299]


@pytest.mark.parametrize("value", [True, -1, 1.0, "1", None, 2**53, 10**30])
def test_a_count_is_a_whole_number(value: object) -> None:
    """Of 0 or more, and not beyond what every reader tells apart."""
    with pytest.raises(InputError, match="is no count"):
        node(value).count()
    assert node(2**53 - 1).count() == 2**53 - 1


@pytest.mark.parametrize("value", [5, "", "-1", "1.0", "٣", "1" * 101, "1e3", " 1", None])
def test_digits_are_a_text_of_digits(value: object) -> None:
    """Of those that everybody writes."""
    with pytest.raises(InputError, match="is no text of digits"):
        node(value).digits()
    assert node("007").digits() == 7


def test_texts_come_out_on_one_printable_line() -> None:
    """Whatever a terminal would obey, and halves of characters that no file can hold, are escaped."""
    assert node("a\nb\x1b[31m\u202e\ud83d").text() == "a\\nb\\x1b[31m\\u202e\\ud83d"
    assert node("x" * 100).text(10) == "x" * 10 + "... (100 characters)"
    with pytest.raises(InputError, match="is no text"):
        node(5).text()


def test_places_are_told() -> None:
    """From the top of the file."""
    root = Node("file.json", "", {"pools": [{"wall": [1, "x"]}]})
    with pytest.raises(InputError, match=r"^file\.json: pools\[0\]\.wall\[1\] is no number"):
        root["pools"].entries()[0]["wall"].entries()[1].number()
    with pytest.raises(InputError, match=r"pools\[0\] has no 'name'"):
        _ = root["pools"].entries()[0]["name"]
    with pytest.raises(InputError, match="the file is no list"):
        root.entries()
    with pytest.raises(InputError, match="pools is no object"):
        list(root["pools"].items())
    with pytest.raises(InputError, match="2 entries, more than 1"):
        root["pools"].entries()[0]["wall"].entries(1)


def test_plain_values_are_checked_on_the_way() -> None:
    """Texts printable, numbers finite, not deeper than asked."""
    assert node({"b": [1, None, True, "x\n"]}).plain() == {"b": [1, None, True, "x\\n"]}
    with pytest.raises(InputError, match="nested too deeply"):
        node([[[[]]]]).plain(3)
    with pytest.raises(InputError, match="no finite number"):
        node([float("inf")]).plain()


def test_flags_and_ranges() -> None:
    """True or false, and numbers within their ends."""
    assert node(True).flag() is True
    with pytest.raises(InputError, match="neither true nor false"):
        node(1).flag()
    assert node(1.0).between(0.0, 1.0) == 1.0
    with pytest.raises(InputError, match="is 2, not within 0 to 1"):
        node(2).between(0.0, 1.0)
