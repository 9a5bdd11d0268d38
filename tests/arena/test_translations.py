"""Every text that raters read has a Chinese translation, in the sources and in the compiled catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.text import unescape_string_literal

from arena.voting.refusals import Refusal

ARENA = Path(settings.BASE_DIR) / "arena"
LOCALE = ARENA / "locale" / "zh_Hans" / "LC_MESSAGES"
ENGLISH_ONLY = re.compile(
    r"allauth/|anonymous|board(?!_entry)|boards|contender|comparison|embeds/|organising/"
)
"""Names of templates that visitors of boards and organisers read, which are in English for now."""
TEMPLATES = [
    path
    for path in sorted((ARENA / "templates").rglob("*.html"))
    if not ENGLISH_ONLY.match(str(path.relative_to(ARENA / "templates")))
]
SCRIPTS = [path for path in sorted((ARENA / "static").glob("*.js")) if "htmx" not in path.name]
CALLS = {"gettext", "gettext_lazy", "gettext_noop", "ngettext"}
SCRIPT_CALL = re.compile(r'gettext\(\s*("(?:[^"\\]|\\.)*")')
NO_TEXT = re.compile(
    r"{% blocktranslate.*?{% endblocktranslate %}|{% block page %}\w+{% endblock %}"
    r"|{%.*?%}|{{.*?}}|{#.*?#}",
    re.DOTALL,
)
PROSE = re.compile(r'"[A-Z][a-z]+,? [^"]*"|`[A-Z][a-z]+,? [^`]*`')
SAME_IN_EVERY_LANGUAGE = {"Paddock", "A", "B", "S", "X", "F", "R", "P", "Enter"}


def _catalogue(name: str) -> Catalog:
    with (LOCALE / name).open("rb") as file:
        return read_mo(file) if name.endswith(".mo") else read_po(file)


def _texts(catalogue: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    texts = {}
    for message in catalogue:
        singular = message.id if isinstance(message.id, str) else message.id[0]
        if singular:
            texts[singular, message.context or ""] = _as_tuple(message.string)
    return texts


def _translated(domain: str) -> set[str]:
    catalogue = _catalogue(f"{domain}.po")
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    return {text for (text, _), translated in _texts(catalogue).items() if translated and all(translated)}


def _as_tuple(translated: str | Sequence[str] | None) -> tuple[str, ...]:
    return (translated,) if isinstance(translated, str) else tuple(translated or ())


def _in_template(path: Path) -> Iterator[str]:
    """Yield the texts that a template marks; a block's text as makemessages would store it."""
    block: list[str] | None = None
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        word = token.contents.split(maxsplit=1)[0] if token.contents.strip() else ""
        if token.token_type == TokenType.BLOCK and word == "translate":
            literal = re.match(r'translate\s+("[^"]*")', token.contents)
            if literal:
                yield unescape_string_literal(literal[1])
        elif token.token_type == TokenType.BLOCK and word == "blocktranslate":
            block = []
        elif token.token_type == TokenType.BLOCK and word in ("plural", "endblocktranslate"):
            if block is not None:
                yield "".join(block).strip()
            block = None  # the plural is stored with its singular
        elif block is not None:
            is_value = token.token_type == TokenType.VAR
            block.append(f"%({token.contents})s" if is_value else token.contents.replace("%", "%%"))


def _in_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            text = node.args[0]
            if isinstance(text, ast.Constant):
                yield str(text.value)


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_the_compiled_catalogue_holds_what_its_source_says(domain: str) -> None:
    assert _texts(_catalogue(f"{domain}.mo")) == _texts(_catalogue(f"{domain}.po"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_text_of_a_raters_page_is_translated(path: Path) -> None:
    missing = [text for text in _in_template(path) if text and text not in _translated("django")]
    assert missing == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_raters_page_stands_outside_the_catalogue(path: Path) -> None:
    html = NO_TEXT.sub("", path.read_text(encoding="utf-8"))
    spoken = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', html)
    written = re.sub(r"<[^>]*>", "\n", html).split("\n")
    texts = {text.strip(" ·:,.") for text in [*spoken, *written]}
    words = {text for text in texts if re.search("[A-Za-z]", text)} - SAME_IN_EVERY_LANGUAGE
    assert words == set()


def test_every_text_of_python_that_raters_read_is_translated() -> None:
    marked = {text for path in ARENA.rglob("*.py") for text in _in_module(path)}
    assert len(marked) > 40
    assert marked - _translated("django") == set()


@pytest.mark.parametrize("kind", Refusal.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_refusal_is_told_in_chinese(kind: type[Refusal]) -> None:
    with translation.override("zh-hans"):
        problem = kind().as_problem()
    for text in (problem.title, problem.detail):
        assert re.search("[一-龥]", text), text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_text_of_a_script_is_translated(path: Path) -> None:
    source = re.sub(r"^\s*//.*$|\s// .*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    marked = {str(ast.literal_eval(text)) for text in SCRIPT_CALL.findall(source)}
    assert marked - _translated("djangojs") == set()
    assert PROSE.findall(SCRIPT_CALL.sub("", source)) == []
