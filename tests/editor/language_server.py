"""A client of the language server that VS Code's YAML extension runs: LSP over its standard input and output."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Editor:
    """One file in an editor. Places in it are marked with `¦`, which is taken out before the server sees the text."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._ids = 0
        self._files = 0
        self._said: dict[str, list[dict[str, Any]]] = {}
        self._ask("initialize", {
            "processId": None, "rootUri": folder.as_uri(),
            "capabilities": {"textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["markdown"]},
            }},
        })  # fmt: skip
        self._tell("initialized", {})
        settings = {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": settings}})

    def completions(self, text: str) -> dict[str, dict[str, Any]]:
        """What is offered at the mark, by label."""
        uri, place = self._open(text)
        found = self._ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: item for item in items}

    def hover(self, text: str) -> str:
        """What is shown over the mark."""
        uri, place = self._open(text)
        found = self._ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
        return "" if found is None else str(found["contents"]["value"])

    def underlined(self, text: str) -> list[tuple[str, str]]:
        """The underlined pieces of the text, each with what is said about it."""
        (found,) = self.all_underlined([text])
        return found

    def all_underlined(self, texts: Sequence[str]) -> list[list[tuple[str, str]]]:
        """The same for several files. The server waits a moment with each, so all are opened before it answers."""
        uris = [self._open(text)[0] for text in texts]
        while any(uri not in self._said for uri in uris):
            self._handle(self._read())
        return [
            [(_piece(text, problem["range"]), problem["message"]) for problem in self._said[uri]]
            for text, uri in zip(texts, uris, strict=True)
        ]

    def _open(self, text: str) -> tuple[str, dict[str, int]]:
        self._files += 1
        uri = (self._folder / f"rules{self._files}.yaml").as_uri()
        before, _, after = text.partition("¦")
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": before + after}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}

    def _ask(self, method: str, params: object) -> Any:
        self._ids += 1
        number = self._ids
        self._send({"id": number, "method": method, "params": params})
        while True:
            said = self._read()
            if said.get("id") == number and "method" not in said:
                assert "error" not in said, said
                return said["result"]
            self._handle(said)

    def _tell(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _handle(self, said: dict[str, Any]) -> None:
        if said.get("method") == "textDocument/publishDiagnostics":
            self._said[said["params"]["uri"]] = said["params"]["diagnostics"]
        elif "id" in said and "method" in said:  # it asks us: for settings we have none beyond those told
            items = said["params"].get("items", []) if isinstance(said.get("params"), dict) else []
            self._send({"id": said["id"], "result": [None] * len(items)})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


def _piece(text: str, where: dict[str, Any]) -> str:
    """What stands in a range, as far as its first line."""
    start, end = where["start"], where["end"]
    line = text.split("\n")[start["line"]]
    return line[start["character"] : end["character"] if end["line"] == start["line"] else None]


@contextmanager
def editor(node: Path, server: Path, folder: Path) -> Iterator[Editor]:
    """An editor with the language server, for files in the folder."""
    with subprocess.Popen([node, server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as process:
        try:
            yield Editor(process, folder)
        finally:
            process.kill()
