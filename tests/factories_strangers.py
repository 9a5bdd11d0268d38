"""Packages of third parties with generators that misbehave, found by entry point as any other."""

from __future__ import annotations

from pathlib import Path

SOURCE = """
import os, signal, subprocess, sys, time
from generators.base import Provenance, Result, Track, TransientError, file_sha256

LOADED = []


class Stranger:
    name, version, tracks = "stranger", "1", frozenset(Track)

    def __init__(self, settings):
        self.settings = dict(settings)
        LOADED.append(self)

    def generate(self, request, out_dir):
        misbehave(self.settings.get("how"))
        out_dir.mkdir(parents=True, exist_ok=True)
        path = out_dir / "clip.mp4"
        path.write_bytes(b"no video")
        resolved = {"process": os.getpid(), "loaded": len(LOADED)}
        origin = (self.settings, request, request.seed, resolved, None, None, 0.1, {}, file_sha256(path))
        return Result(path, Provenance(self.name, self.version, *origin))


def misbehave(how):
    if how == "abort":
        os.abort()
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        sys.exit(3)
    if how == "hang":
        time.sleep(1000)
    if how == "deaf":
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        how = "spin"
    if how == "spin":
        while True:
            pass
    if how == "leave a child":
        subprocess.Popen(["sleep", "1000"], close_fds=False)
        os.abort()
    if how == "print":
        print("garbage on standard output", flush=True)
    if how == "busy":
        raise TransientError("busy")
    if how == "fault":
        raise ZeroDivisionError("division by zero")
    if how == "full":
        raise RuntimeError("can't save") from OSError(28, "No space left on device")
"""


def write_stranger(folder: Path) -> Path:
    """Write the package `strangers` with the generator `stranger`; return the folder that holds it."""
    info = folder / "strangers-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[paddock.generators]\nstranger = strangers:Stranger\n")
    (folder / "strangers.py").write_text(SOURCE)
    return folder
