"""HubSpot's file manager ("Files API"): one multipart upload, and a signed link for reading."""

from hashlib import md5

from aiohttp import web

from tests.providers.base import PATH
from tests.trackers.base import iso, json_value
from tests.trackers.hubspot_objects import Objects

ACCESS = ("HIDDEN_INDEXABLE", "HIDDEN_NOT_INDEXABLE", "PRIVATE", "PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE")


class Files(Objects):
    """`files` and `file_names` by id."""

    def __init__(self) -> None:
        super().__init__()
        self.file_names: dict[str, str] = {}

    def add_file(self, name: str, content: bytes) -> str:
        number = str(180_000_000 + self.next_number())
        self.files[number], self.file_names[number] = content, name
        return number

    async def upload(self, request: web.Request) -> web.StreamResponse:
        given = await self.parts(request, 415)
        parts = {part.name: part for part in given}
        if len(parts) < len(given):
            self.violate(400, "a part is given twice")
        known = {"file", "options", "folderId", "folderPath", "fileName", "charsetHunch"}
        if wrong := parts.keys() - known or {"file", "options"} - parts.keys():
            self.violate(400, f"parts unknown or missing: {wrong}")
        if ("folderId" in parts) == ("folderPath" in parts):
            self.violate(400, "exactly one of folderId and folderPath must be given")
        options = json_value(parts["options"].content)
        if not isinstance(options, dict) or options.get("access") not in ACCESS:
            self.violate(400, f"options {options} give no known access")
        name = parts["fileName"].content.decode() if "fileName" in parts else parts["file"].filename
        if not name:
            self.violate(400, "the file has no name")
        return web.json_response(self._shown_file(self.add_file(name, parts["file"].content)), status=201)

    def _shown_file(self, id_: str) -> dict[str, object]:
        name, content = self.file_names[id_], self.files[id_]
        stem, _, extension = name.rpartition(".")
        sums = {"size": len(content), "fileMd5": md5(content, usedforsecurity=False).hexdigest()}
        link = f"{self.url}/downloads/{id_}"
        return {
            "id": id_,
            "name": stem or name,
            "extension": extension,
            "access": "PRIVATE",
            "archived": False,
            "url": link,
            **sums,
        }

    async def file(self, request: web.Request) -> web.StreamResponse:
        if request[PATH]["id"] not in self.files:
            self.refuse(404, "no such file")
        return web.json_response(self._shown_file(request[PATH]["id"]))

    async def signed(self, request: web.Request) -> web.StreamResponse:
        if request[PATH]["id"] not in self.files:
            self.refuse(404, "no such file")
        shown = self._shown_file(request[PATH]["id"])
        return web.json_response(
            {key: shown[key] for key in ("url", "name", "extension", "size")} | {"expiresAt": iso(self.now_ms() + 3_600_000)}
        )

    async def download(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.files[request[PATH]["id"]], content_type="application/octet-stream")
