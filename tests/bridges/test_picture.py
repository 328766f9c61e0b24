"""The command that draws the pictures of the documentation."""

from pathlib import Path

from scripts import pictures


def test_the_pictures_can_be_drawn_anew(tmp_path: Path) -> None:
    pictures.main(tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {path.name for path in pictures.PICTURES.glob("*.png")}
    assert all(path.stat().st_size > 15_000 for path in tmp_path.glob("*.png"))
