"""A disk that is full while the paths are written is an error of the system, and no bug to be reported."""

import errno
from pathlib import Path

import numpy as np
import pytest

from ringfence.inputs.stress_result import PATHS_FILE, StressResult, write_stress


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path) -> None:
    """What the command then tells is the system's reason; polars has an error of its own for it."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / PATHS_FILE).symlink_to("/dev/full")
    result = StressResult(metrics={}, pools=(), claims=(), inputs={}, versions={}, options={}, scenario={}, paths={"path": np.arange(9)})
    with pytest.raises(OSError, match="No space left") as refused:
        write_stress(result, tmp_path)
    assert refused.value.errno == errno.ENOSPC
