"""The pages that describe the API.

They are rendered here and need no script, style or font from another host.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

_TEMPLATES = Path(__file__).parent / "templates"
_METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def _template(name: str) -> Template:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True).get_template(name)


def reference_page(schema: dict[str, Any]) -> str:
    """Return the description of every operation and structure."""
    return _template("reference.html").render(
        info=schema["info"],
        operations=_operations(schema),
        structures=sorted(schema.get("components", {}).get("schemas", {}).items()),
        type_text=type_text,
    )


def type_text(schema: dict[str, Any]) -> str:
    """Return a schema in a few words, such as `array of AlertBody`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    for combination in ("oneOf", "anyOf", "allOf"):
        if combination in schema:
            return " or ".join(dict.fromkeys(type_text(part) for part in schema[combination]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"array of {type_text(schema.get('items', {}))}"
    if isinstance(kind, list):
        kind = " or ".join(kind)
    bounds = [
        f"{name} {schema[key]}"
        for key, name in (
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("minLength", "min length"),
            ("maxLength", "max length"),
            ("pattern", "pattern"),
            ("format", "format"),
        )
        if key in schema
    ]
    return ", ".join([kind, *bounds])


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    operations = []
    for path, item in schema["paths"].items():
        for method in _METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            operations.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "tag": (operation.get("tags") or ["other"])[0],
                    "parameters": operation.get("parameters", []),
                    "body": _content(operation.get("requestBody", {})),
                    "answers": {
                        status: _content(response)
                        for status, response in operation.get("responses", {}).items()
                    },
                }
            )
    return sorted(operations, key=lambda operation: (operation["tag"], operation["path"]))


def _content(part: dict[str, Any]) -> str:
    for media in part.get("content", {}).values():
        return type_text(media.get("schema", {}))
    return ""
