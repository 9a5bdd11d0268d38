from __future__ import annotations

import socket

import httpx2
import pytest

from generators.adapters.addresses import GuardedTransport, is_public, require_domain, resolve
from generators.adapters.download import Downloader
from generators.adapters.environment import Account
from generators.adapters.errors import ServerFault, UnsafeAddress
from tests.providers.server import Server

DOMAINS = ("fal.media", "fal.ai")


@pytest.mark.parametrize("link", ["https://fal.media/a.mp4", "https://v3.fal.media:443/a.mp4?x=1"])
def test_links_into_the_providers_domains_pass(link: str) -> None:
    require_domain(httpx2.URL(link), DOMAINS)


@pytest.mark.parametrize(
    "link",
    [
        "http://fal.media/a.mp4",
        "ftp://fal.media/a.mp4",
        "file:///etc/passwd",
        "https://fal.media:8443/a.mp4",
        "https://user@fal.media/a.mp4",
        "https://evilfal.media/a.mp4",
        "https://fal.media.evil.example/a.mp4",
        "https://fal.media@evil.example/a.mp4",
        "https://127.0.0.1/a.mp4",
    ],
)
def test_other_links_are_refused(link: str) -> None:
    with pytest.raises(UnsafeAddress, match="A clip's link must"):
        require_domain(httpx2.URL(link), DOMAINS)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "::"],
)  # fmt: skip
def test_other_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"]])
def test_a_public_name_with_a_private_address_is_not_connected_to(answers: list[str], server: Server) -> None:
    transport = GuardedTransport(None, lambda host, port: answers)
    with httpx2.Client(transport=transport) as client, pytest.raises(UnsafeAddress, match="Nothing was sent"):
        client.get(server.origin.replace("127.0.0.1", "inside.example"))


def test_a_download_from_a_domain_that_resolves_inside_is_refused(server: Server, tmp_path: object) -> None:
    account = Account("https://queue.fal.run", "key")
    downloader = Downloader(account, DOMAINS, lambda host, port: ["192.168.0.1"])
    with pytest.raises(
        UnsafeAddress, match=r"fal\.media must have public addresses only; got 192\.168\.0\.1"
    ):
        downloader.fetch("https://fal.media/a.mp4", tmp_path)  # type: ignore[arg-type]  # nothing is written


def test_the_connection_goes_to_the_checked_address_under_the_original_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[httpx2.Request] = []
    transport = GuardedTransport(None, lambda host, port: ["8.8.8.8"])

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200)

    monkeypatch.setattr(transport, "_inner", httpx2.MockTransport(handle))
    with httpx2.Client(transport=transport) as client:
        client.get("https://fal.media/a.mp4?x=1")
    [request] = seen
    assert (str(request.url), request.headers["Host"]) == ("https://8.8.8.8/a.mp4?x=1", "fal.media")
    assert request.extensions["sni_hostname"] == "fal.media"


def test_a_trusted_origin_is_one_scheme_host_and_port(server: Server) -> None:
    with httpx2.Client(transport=GuardedTransport(server.origin)) as client:
        assert client.get(f"{server.origin}/fal/nothing").status_code == 404
        with pytest.raises(UnsafeAddress):
            client.get(f"{server.faces['fal'].foreign_origin}/clip.mp4")
    assert server.foreign_requests == []


def test_a_name_that_is_not_known_is_a_passing_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ServerFault, match=r"The address of nowhere\.example cannot be found") as caught:
        resolve("nowhere.example", 443)
    assert not caught.value.may_be_accepted
