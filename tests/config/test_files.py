"""Settings that stand in files of their own."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict

from config.document import ConfigError
from config.files import FileMark, is_path
from config.loader import include, read


class Part(BaseModel, extra="forbid"):
    size: int
    name: str = ""


class Whole(BaseModel, extra="forbid"):
    model_config = ConfigDict(hide_input_in_errors=True)

    part: Annotated[Part | None, FileMark(Part)] = None
    other: str = ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a.yaml", True),
        ("a.yml", True),
        ("./a", True),
        ("/a", True),
        ("a/b.txt", True),
        ("a", False),
        ("a.json", False),
        (7, False),
    ],
)
def test_a_path_is_told_from_a_name(value: object, found: bool) -> None:
    assert is_path(value) is found


def whole(folder: Path, text: str, **files: str) -> Whole:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    (folder / "regia.yaml").write_text(text, encoding="utf-8")
    return read(folder / "regia.yaml", {"NAME": "part"}).validate(Whole, secrets_folder=folder)


def test_a_file_stands_in_the_place_of_its_name(tmp_path: Path) -> None:
    assert whole(tmp_path, "part: part.yaml\nother: part.yaml", part="size: 3") == Whole(part=Part(size=3), other="part.yaml")
    assert whole(tmp_path, "part: ./${NAME}.yaml", part="size: 4").part == Part(size=4)
    assert whole(tmp_path, "part: {size: 5}").part == Part(size=5)


@pytest.mark.parametrize(
    ("text", "part", "wrong"),
    [
        ("part: part.yaml", "size: x", ["part.yaml:1:7: size: must be a whole number"]),
        ("part: part.yaml", "[", ["part.yaml:1:2: a value is expected here"]),
        ("part: part.yaml", "size: 1\nname: ${NAME}", ["part.yaml:2:7: name: this file has no variables of its own"]),
        ("part: gone.yaml", "", ["gone.yaml: cannot be read: No such file or directory"]),
        ("part: part", "", ["regia.yaml:1:7: part: must be a mapping"]),
        (
            "prt: 1\npart: part.yaml",
            "sise: 1",
            ["part.yaml:1:1: size: is missing", "part.yaml:1:1: sise: is not a", "regia.yaml:1:1: prt"],
        ),
    ],
)
def test_what_is_wrong_in_it_is_told_with_its_place(tmp_path: Path, text: str, part: str, wrong: list[str]) -> None:
    with pytest.raises(ConfigError) as told:
        whole(tmp_path, text, part=part)
    lines = [line.removeprefix(f"{tmp_path}/") for line in str(told.value).splitlines()]
    assert [line for line, start in zip(lines, wrong, strict=True) if not line.startswith(start)] == []


def test_what_is_no_mapping_names_no_file(tmp_path: Path) -> None:
    assert include(Whole, ["part.yaml"], tmp_path) == {}
