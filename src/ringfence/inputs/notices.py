"""What a reader says about input that it took, but not whole: one line each, with the count."""

from ringfence.inputs.errors import printable


def ignored_notice(file: str, columns: list[str]) -> tuple[str, ...]:
    """Columns that are not read."""
    if not columns:
        return ()
    return (
        f"{printable(file, 200)}: {len(columns)} further {_plural('column', len(columns))} ignored: {printable(', '.join(columns), 120)}",
    )


def cut_notice(file: str, count: int, how: str) -> tuple[str, ...]:
    """Amounts with more digits than the token has."""
    if not count:
        return ()
    return (f"{printable(file, 200)}: {count:,} {_plural('amount', count)} with digits beyond the token's decimals cut ({how})",)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"
