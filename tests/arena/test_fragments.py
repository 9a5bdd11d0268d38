from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation
from django.utils.safestring import mark_safe

from arena.fragments import MOST, SteadyNode, UnnamedVariable


def _template(source: str) -> Template:
    return Template("{% load fragments i18n static %}" + source)


def _kept(template: Template) -> dict[object, Any]:
    [node] = template.nodelist.get_nodes_by_type(SteadyNode)
    assert isinstance(node, SteadyNode)
    return node.kept


def test_a_part_is_rendered_once_for_each_value() -> None:
    template = _template("{% steady name=study.title %}<b>{{ name }}</b>{% endsteady %}{{ other }}")
    for title, other in (("one", 1), ("two", 2), ("one", 3)):
        shown = template.render(Context({"study": {"title": title}, "other": other}))
        assert shown == f"<b>{title}</b>{other}"
    assert len(_kept(template)) == 2


def test_a_part_follows_the_language_and_the_path_prefix() -> None:
    template = _template("{% steady %}{% translate 'Leaderboards' %} {% url 'home' %}{% endsteady %}")
    assert template.render(Context()) == "Leaderboards /"
    with translation.override("zh-hans"):
        assert template.render(Context()) != "Leaderboards /"
    before = get_script_prefix()
    set_script_prefix("/arena/")
    try:
        assert template.render(Context()) == "Leaderboards /arena/"
    finally:
        set_script_prefix(before)
    assert template.render(Context()) == "Leaderboards /"


def test_values_are_escaped_and_only_safe_ones_are_not() -> None:
    template = _template("{% steady title %}{{ title }}{% endsteady %}")
    assert template.render(Context({"title": "<i>"})) == "&lt;i&gt;"
    assert template.render(Context({"title": mark_safe("<i>")})) == "<i>"
    assert template.render(Context({"title": "<i>"})) == "&lt;i&gt;"


def test_equal_values_of_other_types_are_kept_apart() -> None:
    template = _template("{% steady number %}{{ number }}{% endsteady %}")
    assert [template.render(Context({"number": value})) for value in (1, True, 1.0)] == ["1", "True", "1.0"]


@pytest.mark.parametrize(
    "part",
    [
        "{{ rater }}",
        "{% if rater %}known{% endif %}",
        "{% blocktranslate %}Hello {{ rater }}{% endblocktranslate %}",
        "{% csrf_token %}",
        "{% include 'when_told.html' %}",
    ],
)
def test_a_part_that_uses_a_variable_which_it_does_not_name_fails(part: str) -> None:
    context = Context({"rater": "somebody", "csrf_token": "secret", "reveal": "vote"})
    with pytest.raises(UnnamedVariable, match=r"steady must name each variable of its part; got \w+"):
        _template("{% steady %}" + part + "{% endsteady %}").render(context)


@pytest.mark.parametrize("value", [["a list"], ("tuple of", ["a list"]), {"a": 1}])
def test_values_that_can_change_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="steady must be given texts, numbers and tuples of them; got"):
        _template("{% steady value %}{{ value }}{% endsteady %}").render(Context({"value": value}))


def test_a_path_needs_a_name() -> None:
    with pytest.raises(TemplateSyntaxError, match=r"steady must be given names; got study\.title"):
        _template("{% steady study.title %}{% endsteady %}")


def test_loops_work_in_a_part() -> None:
    template = _template(
        "{% steady names %}{% for n in names %}{{ n }}{{ forloop.counter }}{% endfor %}{% endsteady %}"
    )
    assert template.render(Context({"names": ("a", "b")})) == "a1b2"


def test_the_number_of_kept_renderings_is_bounded() -> None:
    template = _template("{% steady number %}{{ number }}{% endsteady %}")
    for number in range(3 * MOST):
        assert template.render(Context({"number": number})) == str(number)
    assert len(_kept(template)) <= MOST
