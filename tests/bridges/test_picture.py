"""The command that draws the pictures of the documentation."""

from pathlib import Path

from scripts import pictures


def test_the_pictures_can_be_drawn_anew(tmp_path: Path) -> None:
    pictures.main(tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {path.name for path in pictures.PICTURES.glob("*.png")}
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("*.png")}
    assert sizes.pop("roundup.png") > 50_000
    assert all(size > 40_000 for size in sizes.values()), "a page of the console with little on it is smaller"
