"""Jobs at a provider: submit, poll, fetch, cancel and find, each one step that any process can take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType

from generators.adapters.addresses import Resolve, resolve
from generators.adapters.calls import Caller
from generators.adapters.download import Downloaded, Downloader
from generators.adapters.environment import Account
from generators.adapters.errors import BrokenDownload, ServerFault
from generators.adapters.fitting import Ask
from generators.adapters.measuring import Measured, measure
from generators.adapters.models import read_download_domains
from generators.adapters.provider import Body, Call, Provider, Report
from generators.adapters.redaction import strip_secrets
from generators.base import GenerationError


class HostedJobs:
    """Jobs of one account. A job is resumed by its request and the id that `submit` returned."""

    def __init__(self, provider: Provider, account: Account, look_up: Resolve = resolve) -> None:
        """Open no connection yet."""
        self.provider = provider
        self._account = account
        self._caller = Caller(provider, account, look_up)
        self._downloader = Downloader(account, read_download_domains(provider.name), look_up)
        self.last_body: Body = {}
        """The latest answer, without secrets."""

    def __enter__(self) -> HostedJobs:
        """Return these jobs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._caller.close()

    def describe(self, ask: Ask, handle: str) -> dict[str, object]:
        """Return the call that `submit` sends, without secrets."""
        call = self.provider.create(ask, handle)
        return {"method": call.method, "path": call.path, "body": self._strip(call.body)}

    def submit(self, ask: Ask, handle: str) -> str:
        """Create a job, once, and return the provider's id of it.

        Raises:
            RateLimited: Nothing was accepted; try again later.
            ServerFault: If `may_be_accepted`, nobody knows whether there is a job now.
            GenerationError: The provider refused; nothing was accepted.
        """
        body = self._send(replace(self.provider.create(ask, handle), creates=True))
        try:
            return self.provider.read_id(body)
        except (KeyError, TypeError, IndexError) as error:
            raise ServerFault(
                f"{self.provider.title} answered without the id of a job.", may_be_accepted=True
            ) from error

    def poll(self, ask: Ask, request_id: str) -> Report:
        """Return the state of a job.

        Raises:
            ServerFault, RateLimited: The state is not known at present.
            GenerationError: The provider does not show the job.
        """
        provider = self.provider
        try:
            report = provider.read_status(self._send(provider.status(ask, request_id)))
            if report.state == "succeeded" and (call := provider.result(ask, request_id)):
                report = provider.read_result(self._send(call))
        except GenerationError:
            raise  # some of them are ValueErrors, too
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ServerFault(f"{provider.title} answered without {error}.") from error
        return report

    def fetch(self, report: Report, path: Path) -> tuple[Downloaded, Measured]:
        """Write the clip of a finished job to `path` and measure it.

        Raises:
            BrokenDownload: What was served is not a complete video.
            LinkExpired: The link is no longer served; another poll may bring a new one.
            UnsafeAddress: The link leads elsewhere than to the provider.
            ServerFault: The connection broke; try again.
        """
        if report.content is not None:
            path.write_bytes(report.content)
            found = Downloaded(len(report.content), "", "")
        elif report.url:
            headers = self.provider.headers(self._account.key) if report.needs_key else None
            found = self._downloader.fetch(report.url, path, headers)
        else:
            raise BrokenDownload(
                f"{self.provider.title} must name the clip of a finished job; it names none."
            )
        return found, measure(path, found.content_type)

    def cancel(self, ask: Ask, request_id: str) -> bool:
        """Cancel a job; return whether the provider has a call for that.

        Raises:
            GenerationError: The provider did not cancel it.
        """
        call = self.provider.cancel(ask, request_id)
        if call is not None:
            self._send(call)
        return call is not None

    def find(self, ask: Ask, handle: str, since: float) -> list[str] | None:
        """Return the ids of jobs that a lost submission may have created; None without a list.

        Raises:
            ServerFault: the provider did not answer with a list.
        """
        try:
            return self.provider.find(self._send, ask, handle, since)
        except GenerationError:
            raise
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ServerFault(f"{self.provider.title} lists its jobs without {error}.") from error

    def _send(self, call: Call) -> Body:
        body = self._caller.send(call)
        stripped = self._strip(body)
        self.last_body = stripped if isinstance(stripped, dict) else {}
        return body

    def _strip(self, value: object) -> object:
        return strip_secrets(value, [self._account.key])
