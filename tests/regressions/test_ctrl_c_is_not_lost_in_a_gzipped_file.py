"""Ctrl-C while a CSV.gz was read was swallowed one time in thirty, then, at its very end, one time in hundreds: it fell into a property of
GzipFile, which a buffered reader asks at every line and the interpreter once more when it forgets the file; both drop what is raised."""

import gc
import gzip
import signal
import sys
from pathlib import Path

import pytest

from ringfence.inputs.prices import read_prices

ROWS = 30


# The interpreter closes a file that was opened and not yet named.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_ctrl_c_is_not_lost_in_a_gzipped_file(tmp_path: Path) -> None:
    """Whichever call or return of a function it comes at, from the first to the last of the reading."""
    path = tmp_path / "prices.csv.gz"
    packed = gzip.compress(b"".join(b"%d,1\n" % row for row in range(ROWS)))
    path.write_bytes(gzip.compress(b"timestamp,price\n") + packed)
    left = 0

    def called(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGINT)

    def read(place: int) -> int:
        nonlocal left
        left = place
        sys.setprofile(called)
        try:
            assert len(read_prices(path, 0, 0)) == ROWS
        finally:
            sys.setprofile(None)
        return place - left - 1  # without the call of setprofile itself

    read(10**9)  # what is imported or remembered at first
    moments = read(10**9)
    assert moments > 10 * ROWS
    # Whoever was started in the background, by a script, ignores Ctrl-C from the start.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # or a reading would also run the end of former ones that were interrupted
    try:
        for place in range(1, moments + 1):
            with pytest.raises(KeyboardInterrupt):
                read(place)
    finally:
        gc.enable()
        signal.signal(signal.SIGINT, former)
