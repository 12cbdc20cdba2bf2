"""What every test shares: how hard random tests try, marks that follow from a folder, and the optional folder of recorded data."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a machine may pause. Too slow is judged by a person, from the durations.
settings.register_profile("base", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
# CI finds the same failures every time and does not spend minutes on making one small: `HYPOTHESIS_PROFILE=shrink pytest ...` does that.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
settings.register_profile("ci", settings.get_profile("base"), derandomize=True, phases=NO_SHRINKING, database=None)
settings.register_profile("local", settings.get_profile("base"), phases=NO_SHRINKING)
settings.register_profile("shrink", settings.get_profile("base"))
settings.register_profile("nightly", settings.get_profile("base"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local"))

# Whoever was started in the background, by a script, ignores Ctrl-C, and so would the commands that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything under tests/e2e needs more than Python packages."""
    for item in items:
        if ROOT / "tests" / "e2e" in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Folder of recorded loans and prices: $RINGFENCE_DATA, or `shared/data` beside the repository; who asks for it skips without it."""
    folder = Path(os.environ.get("RINGFENCE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded data: {folder} is not a folder (set RINGFENCE_DATA)")
    return folder
