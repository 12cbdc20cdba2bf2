"""Ctrl-C while a CSV.gz was read was swallowed one time in thirty: it fell into a property that the buffered reader asks at every line."""

import gzip
from pathlib import Path

import pytest

from ringfence.inputs.prices import read_prices

ROWS = 20_000


def test_ctrl_c_is_not_lost_in_a_gzipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it comes while the file answers whether it is closed, the reading ends with it."""
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress(b"timestamp,price\n" + b"".join(b"%d,1\n" % row for row in range(ROWS))))
    closed = gzip.GzipFile.closed
    left = 0

    def asked(file: gzip.GzipFile) -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return bool(closed.fget(file))  # type: ignore[attr-defined]

    monkeypatch.setattr(gzip.GzipFile, "closed", property(asked))
    left = 10**9
    assert len(read_prices(path, 0, 0)) == ROWS
    questions = 10**9 - left
    assert 1 < questions < ROWS // 100  # once a block, not once a line
    for place in range(1, questions):  # the last one is asked by the interpreter, when the file is forgotten
        left = place
        with pytest.raises(KeyboardInterrupt):
            read_prices(path, 0, 0)
