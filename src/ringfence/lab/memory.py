"""How much memory there is, so that what cannot fit is refused before it starts."""

import os
from pathlib import Path

GIB = 1 << 30
_GROUP = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Bytes that this process can still take without swapping, by the system and by the group it is confined to; None if neither tells."""
    found = [free for free in (_of_system(), _of_group(_GROUP)) if free is not None]
    return min(found, default=None)


def shown_gib(size: int) -> str:
    """Bytes as a person reads them."""
    return f"{size / GIB:,.1f} GiB" if size >= GIB // 10 else f"{size / (1 << 20):,.1f} MiB"


def _of_system() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _of_pages()
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else _of_pages()


def _of_pages() -> int | None:
    """Where no file tells: half of all there is."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return None


def _of_group(group: Path) -> int | None:
    """What the control group (version 2) leaves."""
    try:
        most, used = (group.joinpath(name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return None if most == "max" else max(0, int(most) - int(used))
