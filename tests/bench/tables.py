"""Reads the tables that a benchmark prints."""

HEADS = ("what", "part", "mail", "database", "rules")


def rows(text: str) -> list[list[str]]:
    """Cells of every line of every table, heads and rules left out."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [cells for cells in lines if set(cells[0]) - {"-", ":"} and cells[0] not in HEADS]


def amount(cell: str) -> float:
    return float(cell.replace(",", "").rstrip("%"))
