"""Articles: what their Markdown becomes, what cannot stand in one, and where it is said to be."""

from pathlib import Path

import pytest

from desk.faq.markup import render
from desk.faq.reading import read_folder, stamps
from tests.faq.shop import told, write

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489") + b"\x00" * 20
HEAD = "---\ntitle: Come?\n---\n"


def picture(name: str) -> str | None:
    return f"/faq/shop/images/{name}?v=1" if name == "label.png" else None


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("Ciao **a tutti**", "<p>Ciao <strong>a tutti</strong></p>"),
        ("# Uno\n\n## Due\n\n##### Tre", "<h2>Uno</h2>\n<h3>Due</h3>\n<h4>Tre</h4>"),
        ("## Due\n\n### Tre", "<h2>Due</h2>\n<h3>Tre</h3>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> già", "<blockquote>\n<p>già</p>\n</blockquote>"),
        ("~~no~~ *sì* `codice`", "<p><s>no</s> <em>sì</em> <code>codice</code></p>"),
        ("[qui](https://a.it/b)", '<p><a href="https://a.it/b" rel="noopener noreferrer">qui</a></p>'),
        ("[qui](HTTP://a.it)", '<p><a href="HTTP://a.it" rel="noopener noreferrer">qui</a></p>'),
        ("[noi](mailto:a@b.it)", '<p><a href="mailto:a@b.it" rel="noopener noreferrer">noi</a></p>'),
        ("![foto](label.png)", '<p><img src="/faq/shop/images/label.png?v=1" alt="foto"></p>'),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("<b onclick=x>", "<p>&lt;b onclick=x&gt;</p>"),
        ("```\n<i>\n```", "<pre><code>&lt;i&gt;\n</code></pre>"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", None),
    ],
)
def test_markdown(source: str, html: str | None) -> None:
    made = render(source, picture)
    assert made.wrong == []
    assert "<td>2</td>" in made.html if html is None else made.html.strip() == html


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("uno\n\n[x](javascript:alert(1))", 3, "has a link that leads nowhere"),
        ("[x](JAVASCRIPT:alert(1))", 1, "has a link that leads nowhere"),
        ("[x](data:text/html,x)", 1, "has a link that leads nowhere"),
        ("a\nb\n[x](/console/)", 3, "has a link that leads nowhere"),
        ("[x](//evil.example)", 1, "has a link that leads nowhere"),
        ("[x](other.it.md)", 1, "has a link that leads nowhere"),
        ("[x]()", 1, "has a link that leads nowhere"),
        ("[x][1]\n\n[1]: vbscript:x", 1, "has a link that leads nowhere"),
        ("![x](https://evil.example/a.png)", 1, "shows a picture that is not there"),
        ("![x](../label.png)", 1, "shows a picture that is not there"),
        ("a\n\n- ![ ](label.png)", 3, "shows a picture without words"),
    ],
)
def test_what_cannot_stand_in_one(source: str, line: int, message: str) -> None:
    (wrong,) = render(source, picture).wrong
    assert (wrong.line, wrong.message) == (line, message)
    assert render(source, picture).html == ""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.it.md", "Ciao", "a.it.md:1:1: does not begin with its title"),
        ("a.it.md", "---\ntitle: Come?\n", "a.it.md:1:1: does not begin with its title"),
        ("a.it.md", "---\nsummary: x\n---\n", "has no title"),
        ("a.it.md", "---\ntitle: x\ntitel: y\n---\n", "a.it.md:3:1: titel: is nothing that an article has"),
        ("a.it.md", f"---\ntitle: {'x' * 151}\n---\n", "a.it.md:2:8: title: has 151 characters (at most 150)"),
        ("a.it.md", "---\ntitle: [x]\n---\n", "a.it.md:2:8: title: must be a text"),
        ("a.it.md", "---\ntitle: x\ntags: reso\n---\n", "a.it.md:3:7: tags: must be a list of words"),
        ("a.it.md", "---\ntitle: x\ntitle: y\n---\n", "a.it.md:3:1: title: this key stands twice"),
        ("a.it.md", "---\ntitle: {\n---\n", "a.it.md:"),
        ("a.it.md", "---\ntitle: x\ncategory: garden\n---\n", "a.it.md:3:11: category: is no category of this FAQ"),
        ("a.it.md", "---\ntitle: x\ncategory: orders\n---\nuno\n\n[x](y)", "a.it.md:7:1: has a link that leads nowhere"),
        ("a.de.md", "---\ntitle: x\ncategory: orders\n---\n", "is in 'de', which this FAQ does not have"),
        ("Reso Veloce.md", "---\ntitle: x\ncategory: orders\n---\n", "has a name that is no id"),
        ("a.it.md", "---\ntitle: x\nid: A b\ncategory: orders\n---\n", "id: must be of a to z, 0 to 9, - and _"),
        ("a.it.md", b"---\ntitle: \xe8\n---\n", "a.it.md:2:1: is not UTF-8"),
        ("a.it.md", b"", "is empty, cannot be read, or is too large"),
        ("a.it.md", b"---\ntitle: x\n---\n" + b"x" * 200_000, "is empty, cannot be read, or is too large"),
        ("b/right.it.md", "---\ntitle: x\ncategory: orders\n---\n", "is another article 'right'"),
    ],
)
def test_mistakes_are_said_with_their_place_and_cost_no_other_article(
    tmp_path: Path, name: str, text: str | bytes, said: str
) -> None:
    right = "---\ntitle: Giusto\ncategory: orders\n---\nSì.\n"
    library, problems = read_folder(told(write(tmp_path, {name: text, "a0/right.it.md": right}), "orders"))
    assert said in str(problems[0])
    assert [article.title for article in library.articles.values()] == ["Giusto"]


def test_what_names_an_article(tmp_path: Path) -> None:
    files = {
        "a.it.md": HEAD,
        "b.md": HEAD,
        "C d.md": "---\ntitle: c\nid: c\nlanguage: en\n---\n",
        "sub/e.en.md": "---\r\ntitle: e\r\n---\r\nsi\r\n",
        ".hidden/f.it.md": HEAD,
        "readme.txt": "x",
    }
    library, problems = read_folder(told(write(tmp_path, files)))
    assert problems == []
    assert set(library.articles) == {("a", "it"), ("b", "it"), ("c", "en"), ("e", "en")}
    found = library.find("e", "it")
    assert found is not None
    assert (found.language, found.title, found.words) == ("en", "e", "si")
    assert library.find("f", "it") is None
    assert [one.id for one in library.listed("en")] == ["c", "a", "b", "e"]


def test_a_summary_is_the_beginning_where_none_is_written(tmp_path: Path) -> None:
    text = f"{HEAD}# Uno\n\nSi **può** fare. {'parola ' * 60}"
    library, _ = read_folder(told(write(tmp_path, {"a.it.md": text})))
    summary = library.articles["a", "it"].summary
    assert summary.startswith("Uno Si può fare. parola")
    assert summary.endswith("…")
    assert len(summary) <= 181


def test_pictures_are_what_their_bytes_say_and_of_the_folder(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.png": PNG})
    files = {
        "img/label.png": PNG,
        "evil.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "page.jpg": b"<!doctype html><script>alert(1)</script>",
        "huge.png": PNG + b"\x00" * 2_000_000,
        "icon.svg": b"<svg/>",
        "a.it.md": f"{HEAD}![l'etichetta](img/label.png) ![di nuovo](./img/label.png)",
    }
    folder = write(tmp_path / "faq", files)
    (folder / "link.png").symlink_to(outside / "secret.png")
    library, problems = read_folder(told(folder))
    assert problems == []
    assert list(library.images) == ["img/label.png"]
    assert library.articles["a", "it"].html.count('src="/faq/shop/images/img/label.png?v=') == 2


def test_a_change_of_any_file_is_seen(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a.it.md": HEAD})
    before = stamps(folder)
    write(folder, {"b.it.md": HEAD})
    with_another = stamps(folder)
    write(folder, {"b.it.md": f"{HEAD}x"})
    assert len({before, with_another, stamps(folder)}) == 3
