"""Tables of Markdown, which are readable in a terminal too."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: Sequence[int] = (0,)) -> str:
    """Padded columns; those in `texts` are left-aligned, the others right-aligned."""
    cells = [head, *rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    rule = ["-" * width if n in texts else "-" * (width - 1) + ":" for n, width in enumerate(widths)]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if n in texts else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in [head, rule, *cells[1:]]
    )
