from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from analysis.command import main
from analysis.dataset import BOARD, CARD, VOTES, write_dataset
from analysis.subject import rate_frame
from tests.factories_frames import Study


class Hub(ThreadingHTTPServer):
    """The part of the Hub's HTTP interface that an upload of small files takes, on this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.made: dict[str, object] = {}
        self.tokens: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.tokens.add(self.headers.get("Authorization", ""))
        if self.path == "/api/repos/create":
            self.server.made = json.loads(text)
            self._send({"url": f"{self.server.address}/datasets/me/votes"})
        elif self.path.endswith("/preupload/main"):
            paths = [each["path"] for each in json.loads(text)["files"]]
            files = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]
            self._send({"files": files})
        elif self.path.endswith("/commit/main"):
            self._commit(text)
            self._send({"commitUrl": f"{self.server.address}/datasets/me/votes/commit/1", "commitOid": "1"})
        else:
            self._send({"errors": [], "warnings": []})

    def _commit(self, text: bytes) -> None:
        for line in map(json.loads, text.splitlines()):
            if line["key"] == "file":
                value = line["value"]
                self.server.files[value["path"]] = base64.b64decode(value["content"])

    def _send(self, document: dict[str, object]) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    write_dataset(rate_frame(Study(votes=200, contenders=3).draw(1)), made, title="Votes", licence="cc0-1.0")
    (made / "notes.txt").write_text("not for others")
    return made


@pytest.mark.slow
def test_the_folder_arrives_whole_in_one_commit_and_nothing_else(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "analysis", "upload", str(folder), "--repo", "me/votes"]
    environment = {
        **os.environ,
        "HF_TOKEN": "hf_local",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_OFFLINE": "0",
    }
    done = subprocess.run(
        [*command, "--endpoint", hub.address], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{hub.address}/datasets/me/votes/commit/1" in done.stderr
    assert hub.files == {name: (folder / name).read_bytes() for name in (CARD, VOTES, BOARD)}
    assert (hub.made["name"], hub.made["organization"], hub.made["type"]) == ("votes", "me", "dataset")
    assert "Bearer hf_local" in hub.tokens


def test_a_dry_run_lists_the_files_and_sends_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], hub: Hub
) -> None:
    main(["upload", str(folder), "--repo", "me/votes", "--endpoint", hub.address, "--dry-run"])
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == [CARD, VOTES, BOARD]
    assert "Nothing was uploaded." in err
    assert hub.made == {}


@pytest.mark.parametrize(
    ("repo", "lost", "message"),
    [
        ("votes", "", "--repo must be OWNER/NAME; got 'votes'"),
        ("me/votes", VOTES, f"it lacks {VOTES}"),
    ],
)
def test_what_cannot_be_uploaded_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], repo: str, lost: str, message: str
) -> None:
    if lost:
        (folder / lost).unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["upload", str(folder), "--repo", repo])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_without_huggingface_hub_the_command_that_adds_it_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(SystemExit):
        main(["upload", str(folder), "--repo", "me/votes"])
    assert "pip install huggingface_hub" in capsys.readouterr().err
