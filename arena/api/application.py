"""The API: its parts put together, and its OpenAPI document with what all operations share."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from arena.api import boards, catalogue, snapshots, studies
from arena.api.access import Limit, Token
from arena.api.http import conditional
from arena.api.problems import ProblemDocument, handle_failures
from arena.version import VERSION

DESCRIPTION = """\
Boards, studies, contenders, suites, snapshots and votes of this arena, to read.

A contender whose identity is withheld has its codename and a pseudonym, and nothing else anywhere. Nothing is
said of pairs that raters have not voted on."""
FAILURES = {
    400: "The request can't be read",
    401: "The token doesn't hold, or one is needed",
    403: "The token doesn't allow it",
    404: "A name is unknown; the detail lists the known ones",
    422: "A parameter is wrong",
    429: "Too many requests; Retry-After says how many seconds to wait",
}
KNOWN = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "ETag of an answer that the client has; 304 says that it still holds",
    "schema": {"type": "string"},
}


class Api(NinjaAPI):
    """NinjaAPI whose OpenAPI document has the failures and headers that all operations share."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:  # noqa: ANN401 - ninja's
        """Return the OpenAPI document."""
        document = super().get_openapi_schema(**options)
        schemas = document["components"].setdefault("schemas", {})
        shape = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(shape.pop("$defs", {}))
        schemas["ProblemDocument"] = shape
        for operations in document["paths"].values():
            for operation in operations.values():
                _complete(operation)
        return document


def _complete(operation: dict[str, Any]) -> None:
    """Add to an operation what all of them have."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    responses = operation["responses"]
    for status, description in FAILURES.items():
        responses[status] = {"description": description, "content": content}
    responses[429]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    responses[304] = {"description": "The answer is still what the client has"}
    responses[200].setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}
    operation.setdefault("parameters", []).append(KNOWN)
    # A token is never required to ask: what needs one says so by 401.
    operation["security"] = [{}, {"Token": []}]


def make_api() -> Api:
    """Return the API."""
    # The pages of Swagger and Redoc need inline scripts, which the arena's policy forbids.
    api = Api(
        title="Paddock",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        auth=Token(),
        throttle=Limit(),
        urls_namespace="api-v1",
    )
    handle_failures(api)
    api.add_router("/boards", boards.router)
    api.add_router("/studies", studies.router)
    api.add_router("/contenders", catalogue.contenders)
    api.add_router("/suites", catalogue.suites)
    api.add_router("/snapshots", snapshots.router)
    return api


api = make_api()
patterns, app_name, namespace = api.urls
urls = (conditional(patterns), app_name, namespace)
