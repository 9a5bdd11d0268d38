"""Template tag `steady`: a part of a page that is rendered once for each set of values that it shows.

    {% load fragments %}
    {% steady with_sound title=study.title %}…{% endsteady %}

The part sees the named values alone, so that nothing of one visitor can get into the page of another. Texts,
addresses of pages and static files follow the language and the path prefix of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = Library()
MOST = 128
"""Renderings that one part of a template keeps."""
Key = int | str | Node
PLAIN = (str, int, float, type(None))
OF_TAGS = "forloop"
"""Name that Django's tags look for in every context."""


class UnnamedVariable(RuntimeError):
    """Variable that a steady part uses and does not name."""


class Named(Context):
    """Context of a steady part, which notes the names that were looked for and not given."""

    def __init__(self, values: Mapping[str, object], like: Context) -> None:
        self.missing: set[object] = set()
        super().__init__(dict(values), like.autoescape, like.use_l10n, like.use_tz)
        self.template, self.render_context = like.template, like.render_context

    def __getitem__(self, key: Key) -> Any:  # noqa: ANN401 - as in Django
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: Any) -> bool:  # noqa: ANN401 - as in Django
        self._note(key)
        return super().__contains__(key)

    def get(self, key: Key, otherwise: Any = None) -> Any:  # noqa: ANN401 - as in Django
        """Return a value by its name, as tags such as `csrf_token` look it up."""
        self._note(key)
        return super().get(key, otherwise)

    def _note(self, key: Any) -> None:  # noqa: ANN401 - as in Django
        if key != OF_TAGS and not super().__contains__(key):
            self.missing.add(key)


class SteadyNode(Node):
    """Part of a template with the renderings that it keeps in this process."""

    def __init__(self, nodelist: NodeList, values: Mapping[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.values = values
        self.kept: dict[object, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        """Return the rendering for these values."""
        values = {name: value.resolve(context) for name, value in self.values.items()}
        key = (get_language(), get_script_prefix(), *map(_typed, values.values()))
        found = self.kept.get(key)
        if found is None:
            if len(self.kept) >= MOST:
                self.kept = {}
            found = self.kept[key] = self._rendered(context, values)
        return found

    def _rendered(self, context: Context, values: Mapping[str, object]) -> SafeString:
        inner = Named(values, context)
        shown = self.nodelist.render(inner)
        if inner.missing:
            names = ", ".join(sorted(map(str, inner.missing)))
            raise UnnamedVariable(
                f"steady must name each variable of its part; got {names}. Add it to the tag."
            )
        return mark_safe(shown)  # noqa: S308 - its nodes have escaped their values


def _typed(value: object) -> object:
    """Return a key for a value: equal values of two types, such as 1 and True, are shown differently."""
    if isinstance(value, tuple):
        return tuple(map(_typed, value))
    if not isinstance(value, PLAIN):
        raise TypeError(
            f"steady must be given texts, numbers and tuples of them; got {type(value).__name__}. "
            "Name the fields that the part shows."
        )
    return type(value), value


@register.tag
def steady(parser: Parser, token: Token) -> SteadyNode:
    """Parse `{% steady name other=expression %}…{% endsteady %}`."""
    values: dict[str, FilterExpression] = {}
    bits = token.split_contents()[1:]
    while bits:
        given = token_kwargs(bits, parser) if "=" in bits[0] else {}
        name = "" if given else bits.pop(0)
        values |= given or {name: parser.compile_filter(name)}
        if name and not name.isidentifier():
            raise TemplateSyntaxError(f"steady must be given names; got {name}. Write name={name}.")
    nodelist = parser.parse(("endsteady",))
    parser.delete_first_token()
    return SteadyNode(nodelist, values)
