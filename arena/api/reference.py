"""The API's reference page, written from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

INTRODUCTION = """\
# HTTP API

Everything that an arena's pages say of its boards can be read as JSON under `/api/v1`. The OpenAPI
document is at `/api/v1/openapi.json`; there is no page to try it out, since such pages need inline
scripts, which the arena's policy forbids. This page is written from that document by `python manage.py
api_reference`.

    curl http://localhost:8000/api/v1/boards/demo-simulated/t2v-audio

Three scripts in `examples/` read a board into pandas, refit votes with other settings, and draw the
forest plot.

## What it tells

A contender whose identity is withheld has its codename and a pseudonym, everywhere and in errors, too.
The API says nothing of ballots, nor of the files that raters are shown. Single votes have pseudonyms for
raters. They are public once a study closes, and always in a simulated one, in which nobody can vote.
While a study is open they need a token with the scope `votes`:

    python manage.py create_api_token "Ada Lovelace" --scope votes
    curl -H "Authorization: Bearer paddock_…" http://localhost:8000/api/v1/studies/my-study/votes

A token is shown once; the database has its hash alone. `manage.py list_api_tokens` lists them, and
`manage.py revoke_api_token` ends one.

## Manners

- **Pages.** Lists have `limit` (at most 500) and `offset`, and answer `items` and the `count` of all.
  Votes have `after` and `next_after`, since their number grows.
- **ETag.** Every answer but a download has one. Send it back as `If-None-Match`, and 304 says that
  nothing changed.
- **Limits.** One address, or one token, may ask `API_REQUESTS_PER_MINUTE` times a minute (300) of each
  server process. Beyond that the answer is 429, and `Retry-After` says how many seconds to wait.
- **Failures** are problem documents (RFC 9457, `application/problem+json`) with `title`, `status` and
  `detail`. For an unknown name the detail lists the known ones; 422 lists each wrong parameter under
  `errors`.
- **Signed heads.** `/studies/{study}/head` is the hash that covers a study's whole ledger, signed by the
  site. Keep one: `manage.py verify_ledger STUDY --published FILE` tells later whether anything before it
  was changed.

## Addresses
"""


def reference(document: Mapping[str, Any]) -> str:
    """Return the page, in Markdown.

    Args:
        document: the OpenAPI document.
    """
    operations = [(path, one) for path, methods in document["paths"].items() for one in methods.values()]
    parts = [INTRODUCTION]
    for tag in dict.fromkeys(one["tags"][0] for _, one in operations):
        parts.append(f"### {tag.capitalize()}\n")
        parts += [_section(path, one, document) for path, one in operations if one["tags"][0] == tag]
    return "\n".join(parts)


def _section(path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    lines = [f"#### {operation['summary']}", "", f"`GET {path}`", "", operation["description"], ""]
    query = [one for one in operation["parameters"] if one["in"] == "query"]
    if query:
        lines += ["| parameter | type | meaning |", "|---|---|---|", *map(_parameter, query), ""]
    fields = list(_fields(operation, document))
    if fields:
        lines += ["| field | meaning |", "|---|---|", *fields, ""]
    return "\n".join(lines)


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    default = schema.get("default")
    unset = f"; {default} unless given" if default not in (None, "") else ""
    return f"| `{parameter['name']}` | {schema['type']} | {parameter.get('description', '')}{unset} |"


def _fields(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each field of an answer; of a page, those of its items."""
    content = operation["responses"][200].get("content", {}).get("application/json")
    if content is None:
        return
    properties = _properties(content["schema"], document)
    if properties.keys() == {"items", "count"}:
        properties = _properties(properties["items"]["items"], document)
    yield from _lines(properties, document)


def _lines(properties: Mapping[str, Any], document: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield a line for each field, and for those of the objects in it."""
    for name, schema in properties.items():
        yield f"| `{above}{name}` | {schema.get('description') or _kind(schema, document)} |"
        inner, mark = (schema["items"], "[].") if schema.get("type") == "array" else (schema, ".")
        found = next((one for one in [inner, *inner.get("anyOf", [])] if "$ref" in one), None)
        if found is not None:
            yield from _lines(_properties(found, document), document, f"{above}{name}{mark}")


def _properties(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = _named(schema, document).get("properties", {})
    return properties


def _named(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference leads to."""
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _kind(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Describe the type of a field that needs no other words."""
    if "$ref" in schema:
        return " or ".join(f"`{value}`" for value in _named(schema, document).get("enum", [])) or "object"
    if "anyOf" in schema:
        return " or ".join(_kind(one, document) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'], document)}"
    return str(schema.get("format") or schema.get("type", "any"))
