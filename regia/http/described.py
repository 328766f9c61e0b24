"""The parts that the description of the interface is made of."""

from typing import Any, Final

SCHEMAS: Final = "#/components/schemas/{model}"


def plain(description: str) -> dict[str, Any]:
    """The answer to a request that went well."""
    return {"200": {"description": description}}


def operation(
    summary: str,
    responses: dict[str, Any],
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: str | None = None,
    secured: bool = False,
) -> dict[str, Any]:
    """One method of an address. `secured`: it needs a program's token; `body` names a model."""
    rejected = {"description": "Refused.", "content": {"application/json": {"schema": {"$ref": ref("Rejection")}}}}
    described: dict[str, Any] = {"summary": summary, "responses": responses | {"default": rejected}}
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"$ref": ref(body)}}}}
    if secured:
        described["security"] = [{"bearer": []}]
    return described


def file(summary: str, *parameters: dict[str, Any], secured: bool = False) -> dict[str, Any]:
    """An address that gives bytes."""
    return operation(summary, plain("The bytes."), parameters=list(parameters), secured=secured)


def answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """An answer of that form."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def ref(model: str) -> str:
    """Where the schema of a model stands."""
    return SCHEMAS.format(model=model)


def parameter(name: str) -> dict[str, Any]:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query(name: str, description: str = "") -> dict[str, Any]:
    """A parameter behind the question mark."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}


def choice(name: str, words: tuple[str, ...]) -> dict[str, Any]:
    """One that takes a word of a closed list."""
    return {"name": name, "in": "query", "schema": {"type": "string", "enum": list(words)}}


def header(name: str, description: str) -> dict[str, Any]:
    """A header of the request."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
