"""An OpenID Connect provider on this machine: discovery, authorisation, token and user information."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

CLIENT, SECRET = "paddock", "a secret that only the provider and the arena know"


@dataclass
class Provider:
    """Provider whose person is already signed in there, and says yes at once."""

    address: str
    account: str = "1"
    email: str = "ada@example.org"
    is_verified: bool = True
    changes_state: bool = False
    """Whether it comes back with a state that nobody gave it, as a forged request does."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for, by the code that was handed out for it."""
    tokens: set[str] = field(default_factory=set)

    @property
    def configuration(self) -> dict[str, object]:
        """Return the document of discovery."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    @property
    def person(self) -> dict[str, object]:
        """Return what it says of its person."""
        return {"sub": self.account, "email": self.email, "email_verified": self.is_verified}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return the address to which a browser goes back."""
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert {"openid", "email"} <= set(asked["scope"].split())
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        state = "forged" if self.changes_state else asked["state"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': state})}"

    def exchange(self, given: dict[str, str], authorization: str) -> dict[str, object] | None:
        """Return tokens for a code; None where client, code, address or verifier is another one."""
        asked = self.codes.pop(given.get("code", ""), None)
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {client}":
            return None
        if given.get("redirect_uri") != asked["redirect_uri"] or not _is_verified(asked, given):
            return None
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        now = int(time.time())
        told = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, **self.person}
        signed = jwt.encode(told, "k" * 32, algorithm="HS256", headers={"kid": "1"})
        return {"access_token": token, "token_type": "Bearer", "expires_in": 60, "id_token": signed}


def _is_verified(asked: dict[str, str], given: dict[str, str]) -> bool:
    if "code_challenge" not in asked:
        return True
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]


@contextmanager
def openid_provider() -> Iterator[Provider]:
    """Serve a provider on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.provider  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    @property
    def provider(self) -> Provider:
        found: Provider = self.server.provider  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.configuration)
        elif parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(asked))
            self.end_headers()
        elif parts.path == "/userinfo":
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            known = token in self.provider.tokens
            self._answer(200 if known else 401, self.provider.person if known else {})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        tokens = self.provider.exchange(given, self.headers.get("Authorization", ""))
        self._answer(400 if tokens is None else 200, tokens or {"error": "invalid_grant"})

    def _answer(self, status: int, document: dict[str, object]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the test's output clean."""
