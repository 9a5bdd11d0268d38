"""Odd requests are refused with a readable answer; behind a proxy's path everything still works."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import pytest
from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler, load_handler
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from arena.catalog.commitments import commit
from arena.standings.pages.clips import clip_address
from arena.urls import urlpatterns
from arena.voting.ballots import sign_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Rater, Study, Vote
from arena.voting.way.checks import new_check
from tests.factories import make_contender, make_study, store_bytes
from tests.factories_voting import answer, cast_all_pairs, media_url, open_page
from tests.wsgi import call

pytestmark = pytest.mark.django_db

ODD_CHARSETS = ["hex", "rot13", "idna", "utf-16", "utf-7", "nonsense", "é", "", "\0", "x" * 3000]
ODD_TYPES = [
    *(f"application/x-www-form-urlencoded; charset={charset}" for charset in ODD_CHARSETS),
    "text/plain; charset*=foo''bar",
    "text/plain; charset*=utf-16''%00%00",
]
BAD_MULTIPART = [
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=", b"--\r\n"),
    ("multipart/form-data; boundary=\xff", b"--a\r\n\r\n"),
    ("multipart/form-data; boundary=a; charset=hex", b"--a--\r\n"),
    (
        "multipart/form-data; boundary=a",
        b'--a\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--a--\r\n",
    ),
]


def problem(answer_body: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(answer_body)
    return document


@pytest.mark.parametrize("content_type", ODD_TYPES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_charset_that_we_dont_read_is_a_bad_request(content_type: str, method: str) -> None:
    told = call("/boards/", method, CONTENT_TYPE=content_type)
    assert told.status == 400
    assert "This request can’t be read" in told.body.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_usual_charsets_are_read(charset: str) -> None:
    assert call("/boards/", CONTENT_TYPE=f"text/plain; charset={charset}").status == 200


@pytest.mark.parametrize("path", ["/boards/a\0/t2v/", "/media/\0", "/\0", "/static/\0", "/ballots/a\0/"])
def test_a_nul_in_the_path_is_a_bad_request(path: str) -> None:
    assert call(path).status == 400


def test_a_nul_in_the_query_is_a_bad_request() -> None:
    assert call("/boards/", QUERY_STRING="page=%00").status == 400


@pytest.mark.parametrize(("content_type", "body"), BAD_MULTIPART)
def test_bad_multipart_is_a_bad_request(content_type: str, body: bytes) -> None:
    token = "a" * 32
    told = call(
        "/ballots/x/",
        "POST",
        body,
        CONTENT_TYPE=content_type,
        HTTP_COOKIE=f"csrftoken={token}",
        HTTP_X_CSRFTOKEN=token,
    )
    assert told.status in (400, 403)


def test_no_upload_is_written_to_disk() -> None:
    handlers = [load_handler(path, HttpRequest()) for path in settings.FILE_UPLOAD_HANDLERS]
    assert [type(handler) for handler in handlers] == [MemoryFileUploadHandler]


def test_a_body_that_is_too_large_is_refused_unread() -> None:
    length = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    told = call("/boards/", "POST", CONTENT_LENGTH=length, HTTP_ACCEPT="application/json")
    assert (told.status, problem(told.body)["status"]) == (413, 413)


@pytest.mark.parametrize("length", ["", "-5", "two", "9" * 40, "²"])
def test_a_length_that_is_none_does_no_harm(length: str) -> None:
    assert call("/boards/", CONTENT_LENGTH=length).status == 200


@pytest.mark.parametrize("length", ["-5", "two", ":", "9" * 40, "9" * 5000, "²", "٣", "1 2"])
def test_a_form_whose_length_is_none_is_taken_for_an_empty_one(length: str) -> None:
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_COOKIE": f"csrftoken={'a' * 32}"}
    told = call("/boards/", "POST", f"csrfmiddlewaretoken={'a' * 32}".encode(), CONTENT_LENGTH=length, **form)
    assert told.status == 403


def test_another_host_name_is_told_what_to_set() -> None:
    told = call(HTTP_HOST="arena.example.org:8000")
    assert told.status == 400
    assert "add arena.example.org to ALLOWED_HOSTS" in told.body.decode()


def test_a_refused_method_has_a_page_and_names_those_allowed() -> None:
    told = call("/boards/", "PUT", HTTP_COOKIE="csrftoken=" + "a" * 32, HTTP_X_CSRFTOKEN="a" * 32)
    assert (told.status, told.headers["Allow"]) == (405, "GET, HEAD")
    assert "doesn’t take PUT" in told.body.decode()


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json", "image/png"])
@pytest.mark.parametrize(
    ("path", "status", "environ"),
    [
        ("/nowhere", 404, {}),
        ("/boards/nowhere/t2v/", 404, {}),
        ("/\0", 400, {}),
        ("/", 400, {"HTTP_HOST": "elsewhere"}),
        ("/ballots/x/", 400, {}),
    ],
)
def test_who_takes_no_html_gets_a_problem_document(
    accept: str, path: str, status: int, environ: dict[str, str]
) -> None:
    told = call(path, HTTP_ACCEPT=accept, **environ)
    assert (told.status, told.headers["Content-Type"]) == (status, "application/problem+json")
    assert problem(told.body).keys() == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; q*=foo''1"]
)
def test_browsers_get_a_page(accept: str) -> None:
    told = call("/nowhere", HTTP_ACCEPT=accept)
    assert (told.status, told.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in told.body.decode()


def test_refusals_carry_the_security_headers_too() -> None:
    for path in ("/\0", "/nowhere"):
        assert "Content-Security-Policy" in call(path).headers
        assert call(path).headers["X-Content-Type-Options"] == "nosniff"


def test_a_broken_view_has_a_page_that_needs_neither_database_nor_static_files(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("of a test")

    client.get("/")  # WhiteNoise asks for addresses of files when it starts
    monkeypatch.setattr("arena.standings.views.list_boards", broken)
    monkeypatch.setattr("arena.static_files.Plain.url", broken)
    client.raise_request_exception = False
    page = client.get("/boards/")
    assert page.status_code == 500
    assert "Something broke on our side" in page.content.decode()
    document = client.get("/boards/", headers={"Accept": "application/json"})
    assert (document.status_code, document["Content-Type"]) == (500, "application/problem+json")


# Under a proxy's path.


def _addresses(html: bytes) -> list[str]:
    return re.findall(r'(?:src|href|action)="(/[^"]*)"', html.decode())


@pytest.fixture
def mounted_study() -> Study:
    return make_study()


@pytest.mark.parametrize(
    ("environ", "overrides"),
    [
        ({"SCRIPT_NAME": "/arena"}, {}),
        ({}, {"FORCE_SCRIPT_NAME": "/arena"}),
        ({"HTTP_X_FORWARDED_PREFIX": "/arena/"}, {"BEHIND_PROXY": True}),
    ],
)
@pytest.mark.parametrize(
    "path", ["/", "/boards/", "/studies/study/start/", "/boards/study/t2v-audio/", "/nowhere"]
)
def test_everything_on_a_page_has_the_proxys_path(
    mounted_study: Study, environ: dict[str, str], overrides: dict[str, object], path: str
) -> None:
    with override_settings(**overrides):
        addresses = _addresses(call(path, **environ).body)
    assert any(address.startswith("/arena/static/") for address in addresses)
    assert [address for address in addresses if not address.startswith("/arena/")] == []
    assert any(address.startswith("/static/") for address in _addresses(call(path).body))


@pytest.mark.parametrize("path", ["/arena/boards/", "/boards/"])
def test_a_proxy_may_strip_its_path_or_leave_it(path: str) -> None:
    with override_settings(FORCE_SCRIPT_NAME="/arena"):
        assert call(path).status == 200


def test_a_prefix_is_believed_from_a_proxy_alone(mounted_study: Study) -> None:
    addresses = _addresses(call("/boards/", HTTP_X_FORWARDED_PREFIX="/arena").body)
    assert [address for address in addresses if address.startswith("/arena")] == []


@pytest.mark.parametrize("prefix", ["arena", "//evil.example", "/a?b", "/a, /b", '/"><script>'])
def test_a_prefix_that_is_no_path_is_refused(prefix: str) -> None:
    with override_settings(BEHIND_PROXY=True):
        assert call("/boards/", HTTP_X_FORWARDED_PREFIX=prefix).status == 400


# HEAD.


@pytest.fixture
def addresses(client: Client) -> dict[str, str]:
    """By name of the route, one address that this browser may see."""
    study = make_study(prompts=3)
    kept = store_bytes(b"an image", "references", "png")
    study.suites.get().prompts.update(reference_name=kept.name)
    voted = open_page(client, study)
    answer(client, voted)
    ballot = open_page(client, study)
    for _ in range(2):
        cast_all_pairs(study, Rater.objects.create(), "aab")
    board = "/boards/study/t2v-audio/"
    one, other = (contender.public_slug for contender in study.contenders.all())
    return {
        "home": "/",
        "start": "/studies/study/start/",
        "ballot": "/studies/study/",
        "answer": f"/ballots/{sign_ballot(ballot)}/",
        "reference": f"/ballots/{sign_ballot(ballot)}/reference",
        "reveal": f"/ballots/{sign_ballot(voted)}/result/",
        "feedback": f"/ballots/{sign_ballot(voted)}/feedback/",
        "voided": f"/ballots/{sign_ballot(voted)}/voided/",
        "own_votes": "/studies/study/votes/",
        "anonymous": "/anonymous/",
        "commitment": f"/anonymous/{commit(make_contender(codename='Amber'), '1').digest}.json",
        "prepare": "/studies/study/before/",
        "screen": "/studies/study/before/1/",
        "work": "/studies/study/work/",
        "check": "/studies/study/check/",
        "check_sound": f"/checks/{new_check().token}/0.wav",
        "reasons": f"/ballots/{sign_ballot(voted)}/reasons/",
        "report": f"/ballots/{sign_ballot(ballot)}/report/",
        "set_language": "/language/",
        "texts": "/texts/1/zh-hans.js",
        "media": media_url(ballot, "a"),
        "boards": "/boards/",
        "study_boards": "/boards/study/",
        "board": board,
        "contender": f"{board}contenders/{one}/",
        "choose_pair": f"{board}pairs/?first={one}&second={other}",
        "pair": f"{board}pairs/{one}/{other}/",
        "download": f"{board}board.csv",
        "clip": clip_address(voted.rendition_a),
        "badge": "/embeds/study/t2v-audio/badge.svg",
        "table": "/embeds/study/t2v-audio/table.svg",
        "api": "/api/v1/boards/study/t2v-audio",
    }


def test_head_is_answered_wherever_get_is(client: Client, addresses: dict[str, str]) -> None:
    """The same headers, the length included, and no body."""
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    routes = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    assert addresses.keys() >= routes - {"health", "metrics"}  # which tell something new each time
    for address in addresses.values():
        path, _, query = address.partition("?")
        got = call(path, HTTP_COOKIE=cookie, QUERY_STRING=query)
        head = call(path, "HEAD", HTTP_COOKIE=cookie, QUERY_STRING=query)
        assert (path, head.status, head.body) == (path, got.status, b"")
        assert got.status in (200, 302)
        for changing in ("Expires", "Set-Cookie"):
            assert (changing in head.headers) == (changing in got.headers)
            got.headers.pop(changing, None), head.headers.pop(changing, None)
        assert head.headers == got.headers
        assert head.headers["Content-Length"] == str(len(got.body))


# Anything at all.

TEXT = st.text(st.characters(codec="latin-1"), max_size=30)
TOKENS = TEXT | st.sampled_from(["study", "t2v-audio", "x:y:z", ".", "..", "%2e", "%00", "\0", "a" * 500])


def _routes(patterns: Sequence[URLPattern | URLResolver], start: str = "/") -> Iterator[str]:
    for each in patterns:
        route = f"{start}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        else:
            yield route


ROUTES = sorted(_routes(get_resolver().url_patterns))


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Any route with anything in its places, or anything at all."""
    route = draw(st.sampled_from([*ROUTES, "/<x>", "/static/<x>"]))
    return re.sub("<[^>]*>", lambda _: draw(TOKENS), route)


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "CONTENT_TYPE": TEXT | st.sampled_from([*ODD_TYPES, *(kind for kind, _ in BAD_MULTIPART)]),
        "CONTENT_LENGTH": TEXT | st.integers(-10, 10**12).map(str),
        "QUERY_STRING": TEXT | st.sampled_from(["page=-1", "page=%ff", "page=1e9", "&" * 2000]),
        "HTTP_ACCEPT": TEXT | st.sampled_from(["text/html; q*=foo''1", "a/b;c*=hex'a'b", ",;,"]),
        "HTTP_COOKIE": TEXT | st.sampled_from(["rater=x", "rater=a:b:c", "csrftoken=", "rater=\xff:\0:;;="]),
        "HTTP_HOST": TEXT | st.sampled_from(["localhost:", "[::1", "a" * 300, "localhost:99999999"]),
        "HTTP_RANGE": TEXT | st.sampled_from(["bytes=-", "bytes=9-1", "bytes=0-0,5-", "bytes=" + "9" * 99]),
        "HTTP_ORIGIN": TEXT | st.sampled_from(["http://[", "null"]),
        "HTTP_REFERER": TEXT | st.sampled_from(["http://[", "null"]),
        "HTTP_IF_MODIFIED_SINCE": TEXT,
        "HTTP_X_FORWARDED_PREFIX": TEXT,
        "HTTP_X_CSRFTOKEN": TEXT,
    },
)
ANSWERS = st.sampled_from([b"outcome=a", b"outcome=b", b"outcome=skip", b"outcome=a&playback=" + b"[" * 5000])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "ODD"])


@hypothesis_settings(
    max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=paths(), method=METHODS, headers=HEADERS, body=st.binary(max_size=200), proxy=st.booleans())
def test_no_request_breaks_the_arena(
    path: str, method: str, headers: dict[str, str], body: bytes, proxy: bool
) -> None:
    with override_settings(BEHIND_PROXY=proxy):
        told = call(path, method, body, **headers)
    assert told.status < 500
    if told.status >= 400 and method != "HEAD":
        assert told.headers["Content-Type"] in ("text/html; charset=utf-8", "application/problem+json")


@hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), body=st.binary(max_size=60) | ANSWERS, headers=HEADERS, method=METHODS)
def test_nothing_sent_to_a_known_address_breaks_the_arena(
    client: Client, addresses: dict[str, str], data: st.DataObject, body: bytes,
    headers: dict[str, str], method: str,
) -> None:  # fmt: skip
    """The browser is known and its form is ours; the same answer may come again, or another one."""
    path = data.draw(st.sampled_from(sorted(addresses.values())))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    known = {"HTTP_COOKIE": f"{cookie}; csrftoken={'a' * 32}", "HTTP_X_CSRFTOKEN": "a" * 32}
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
    told = call(path, method, body, **{**form, **headers, **known})
    assert told.status < 500
    assert verify_ledger(Study.objects.get()) == Vote.objects.count()


@pytest.fixture
def clip(client: Client) -> tuple[str, str]:
    """Return a clip's address, and the cookies of the browser that may see it."""
    ballot = open_page(client, make_study())
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return media_url(ballot, "a"), cookies


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(header=st.text(st.characters(codec="latin-1"), max_size=40) | st.from_regex(r"bytes=[0-9,\- ]*"))
def test_no_range_breaks_a_clip(clip: tuple[str, str], header: str) -> None:
    url, cookies = clip
    assert call(url, HTTP_COOKIE=cookies, HTTP_RANGE=header).status in (200, 206, 416)
