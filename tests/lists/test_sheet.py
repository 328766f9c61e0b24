"""Files of customers as spreadsheets and other programs write them, and as nobody should."""

from pathlib import Path

import pytest

from identity.policy import Policy
from normalizer.inbound import Handle
from regia.lists.rows import BadRow, Later, read_row
from regia.lists.sheet import UTF8, WINDOWS, BadSheet, Record, open_sheet, records


def sheet_of(tmp_path: Path, content: str | bytes) -> list[Record]:
    path = tmp_path / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(records(open_sheet(path)))


@pytest.mark.parametrize(
    "content",
    [
        "email,name\nanna@example.it,Anna Bianchi\n",
        "email,name\r\nanna@example.it,Anna Bianchi",
        "\ufeffemail;name\r\nanna@example.it;Anna Bianchi\r\n",
        "\n Email , NAME \n\nanna@example.it,Anna Bianchi\n,\n",
        'name,email,reject_line,reject_reason\n"Anna Bianchi",anna@example.it,7,"phone: bad"\n',
        "email;name;;\nanna@example.it;Anna Bianchi;;\n",
        "email,name\nanna@example.it,Anna Bianchi,,,\n",
    ],
)
def test_the_same_list(tmp_path: Path, content: str) -> None:
    (record,) = sheet_of(tmp_path, content)
    assert record.cells is not None
    assert (record.cells["email"], record.cells["name"]) == ("anna@example.it", "Anna Bianchi")


@pytest.mark.parametrize(
    ("content", "encoding", "name"),
    [
        ("email,name\na@b.it,Zoë Müller\n".encode(), UTF8, "Zoë Müller"),
        ("email,name\na@b.it,Zoë Müller\n".encode("utf-8-sig"), UTF8, "Zoë Müller"),
        ("email,name\na@b.it,Zoë Müller €\n".encode("cp1252"), WINDOWS, "Zoë Müller €"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, encoding: str, name: str) -> None:
    (record,) = sheet_of(tmp_path, content)
    assert record.cells is not None
    assert (record.cells["name"], open_sheet(tmp_path / "list.csv").encoding) == (name, encoding)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"email,surname,Age\n", "unknown columns: 'surname', 'age'"),
        (b"email,,name\n", "unknown columns: ''"),
        (b"email,name,Email\n", "names a column twice"),
        (b"name,tier\n", "none of phone, email, crm_id"),
        ("email\na@b.it".encode("utf-16"), "UTF-16"),
        (b"email,name\na@b.it,\x81\n", "neither UTF-8 nor Windows-1252"),
        (b"email,name\n" + b"x" * 300_000, "line 2 is longer than 256 KB"),
    ],
)
def test_what_is_no_list(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadSheet, match=said):
        sheet_of(tmp_path, content)


def test_a_quotation_mark_that_is_not_closed_costs_its_line_only(tmp_path: Path) -> None:
    rows = [
        'a@b.it,"Anna',
        "b@b.it,Bea",
        'c@b.it,"Carla ""la bionda"" Rossi"',
        'd@b.it,"Dora\nEmma"',
        'e@b.it,x"y"',
        'f@b.it,"x"y',
    ]
    found = sheet_of(tmp_path, "email,name\n" + "\n".join(rows) + "\n")
    assert [(one.line, one.cells["name"] if one.cells else one.problem) for one in found] == [
        (2, "its quotation marks do not fit together"),
        (3, "Bea"),
        (4, 'Carla "la bionda" Rossi'),
        (5, "Dora\nEmma"),
        (7, 'x"y"'),
        (8, "its quotation marks do not fit together"),
    ]
    assert found[0].text == 'a@b.it,"Anna'


def test_a_mark_that_is_closed_by_another_row_costs_no_row_in_between(tmp_path: Path) -> None:
    rows = ['"a@b.it,Anna', "b@b.it,Bea", 'c@b.it",Carla']
    found = sheet_of(tmp_path, "email,name,tier\n" + "\n".join(f"{row},gold" for row in rows) + "\n")
    assert [(one.line, one.problem) for one in found] == [
        (2, "its quotation marks do not fit together"), (3, ""), (4, ""),
    ]  # fmt: skip
    assert found[1].cells == {"email": "b@b.it", "name": "Bea", "tier": "gold"}


def test_rows_of_another_width(tmp_path: Path) -> None:
    found = sheet_of(tmp_path, "email,name\na@b.it\nb@b.it,Bea,gold\nc@b.it,Carla\n")
    assert [one.problem for one in found] == [
        "it has 1 values, and the header 2 columns", "it has 3 values, and the header 2 columns", "",
    ]  # fmt: skip


def test_every_record_ends_where_the_next_begins(tmp_path: Path) -> None:
    content = 'email,name\r\na@b.it,"Ann\r\na"\r\n\r\n"b@b.it,Bea\r\nc@b.it,Carla\r\n'.encode("utf-8-sig")
    found = sheet_of(tmp_path, content)
    sheet = open_sheet(tmp_path / "list.csv")
    for number, record in enumerate(found):
        assert list(records(sheet, record.end)) == found[number + 1 :]
    assert found[-1].end.offset == len(content)


# What rows are


def row(**cells: str) -> Record:
    return Record(2, None, "", cells)  # type: ignore[arg-type]  # not looked at


def test_addresses_and_facts() -> None:
    record = row(
        phone="333 123 45 67", email=" Anna@Example.it", crm_id="C-1", name=" Anna ", language="IT", tags="b; a;;", tier=" "
    )
    found = read_row(record, region="IT", policy=Policy(), place="import/x:2").listed
    assert found.handles == (
        Handle("crm", "C-1", "agent"), Handle("phone", "+393331234567", "agent"), Handle("email", "anna@example.it", "agent"),
    )  # fmt: skip
    assert found.facts == {"name": "Anna", "language": "it", "tags": ["a", "b"]}
    assert found.place == "import/x:2"


def test_numbers_of_another_country() -> None:
    (handle,) = read_row(row(phone="079 123 45 67"), region="CH", policy=Policy(), place="").listed.handles
    assert handle.value == "+41791234567"


def test_an_address_of_many_people_is_left_out() -> None:
    found = read_row(row(phone="+393331234567", email="info@shop.it"), region="IT", policy=Policy(), place="")
    assert (found.shared, [one.kind for one in found.listed.handles]) == (("email",), ["phone"])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"phone": "12"}, ["phone: "]),
        ({"phone": "3.93331E+11"}, ["phone: "]),
        (
            {"phone": "12", "email": "anna", "language": "secret", "name": "s" * 201},
            ["phone: ", "email: ", "language: ", "name: "],
        ),
        ({"email": "\u212aevin@secret.it"}, ["email: "]),
        ({"email": "", "name": "secret"}, ["none of phone, email, crm_id"]),
        ({"email": "info@secret.it"}, ["many people"]),
        ({"email": "a@b.it", "tags": "s" * 61}, ["tags: "]),
    ],
)
def test_what_cannot_be_taken(cells: dict[str, str], said: list[str]) -> None:
    with pytest.raises(BadRow) as caught:
        read_row(row(**cells), region="IT", policy=Policy(), place="")
    assert all(one in str(caught.value) for one in said)
    assert "secret" not in str(caught.value)


def test_of_two_rows_of_one_address_the_last_says_what_it_says(tmp_path: Path) -> None:
    content = "phone,email,name,tier\n1,a@b.it,Anna,gold\n2,A@b.it ,Bea,\n2,,,silver\n"
    found, later = sheet_of(tmp_path, content.replace("1,", "+393331111111,").replace("2,", "+393332222222,")), Later()
    for record in found:
        later.add(record)
    left = [later.without(read_row(record, region="IT", policy=Policy(), place=""), record).facts for record in found]
    assert left == [{"tier": "gold"}, {"name": "Bea"}, {"tier": "silver"}]
