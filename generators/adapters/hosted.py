"""A model behind a provider's API as a generator; each provider's module makes one class of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from generators.adapters.environment import (
    Account,
    read_account,
    read_concurrency,
    read_journal_folder,
    read_patience,
)
from generators.adapters.fitting import DEFAULT_REFUSED, TRAITS, Ask, Terms, Trait, fit
from generators.adapters.jobs import HostedJobs
from generators.adapters.journal import Journal, JournalRecord
from generators.adapters.measuring import differs
from generators.adapters.models import Model, find_model, read_models
from generators.adapters.prices import estimate
from generators.adapters.production import Clock, Outcome, Production, as_stored
from generators.adapters.prompts import SWITCH_POLICIES, SwitchPolicy
from generators.adapters.provider import Provider
from generators.base import Request, Result, Track, file_sha256
from generators.choices import SettingsError, read_choice, read_text, refuse_unknown
from generators.delivery import Made, deliver
from generators.priced import Estimate
from generators.records import Record
from generators.schema import Setting, schema_of

_SETTINGS = ("model", "resolution", "negative_prompt", "refuse", "prompt_switches")


class Hosted:
    """Generator that asks a provider for clips.

    Settings: `model`, a row of the provider's data file; optionally `resolution`, by the provider's name;
    `negative_prompt`; `refuse`, the traits that are refused rather than recorded where the model lacks them;
    and `prompt_switches`, `refuse` or `escape`.
    """

    name: ClassVar[str]
    provider: ClassVar[Provider]
    version = "1"

    @classmethod
    def settings_schema(cls) -> tuple[Setting, ...]:
        """Return the settings, with the models of the provider's data file."""
        models = read_models(cls.name)
        resolutions = {each for model in models.values() for each in model.resolutions}
        defaults = {
            "model": None,
            "resolution": None,
            "negative_prompt": "",
            "refuse": list(DEFAULT_REFUSED),
            "prompt_switches": "refuse",
        }
        allowed = {
            "model": sorted(models),
            "resolution": sorted(resolutions),
            "refuse": TRAITS,
            "prompt_switches": SWITCH_POLICIES,
        }
        return schema_of(defaults, allowed, required=["model"])

    def __init__(self, settings: Mapping[str, object], clock: Clock | None = None) -> None:
        """Read the settings; the key is not needed before a clip is made."""
        refuse_unknown(self.name, settings, _SETTINGS)
        self.model: Model = find_model(self.name, read_text(self.name, settings, "model"))
        self._terms = _read_terms(self.name, settings, self.model)
        self._clock = clock or Clock()

    @property
    def tracks(self) -> frozenset[Track]:
        """Tracks that the model makes clips for."""
        return self.model.tracks

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included."""
        terms = self._terms
        return {
            "model": self.model.id,
            "resolution": terms.resolution,
            "negative_prompt": terms.negative_prompt,
            "refuse": sorted(terms.refused),
            "prompt_switches": terms.prompt_switches,
        }

    def require_ready(self) -> Account:
        """Return the account to work with.

        Raises:
            Unavailable: The key's variable is not set.
        """
        provider = self.provider
        return read_account(self.name, provider.title, provider.key_variable, provider.base_url)

    @property
    def provider_name(self) -> str:
        """Name of the provider, for which there is one account."""
        return self.name

    @property
    def concurrency(self) -> int:
        """Most jobs that the account may have at the provider at once."""
        return read_concurrency(self.name, self.model.concurrency)

    @property
    def lists_jobs(self) -> bool:
        """Whether the provider has a list in which a lost submission can be found."""
        return type(self.provider).find is not Provider.find

    def fit(self, request: Request) -> Ask:
        """Return the request as the model can take it. Raises InvalidInput as `fitting.fit` does."""
        return fit(self.model, request, self._terms)

    def estimate(self, request: Request) -> Estimate:
        """Return the expected price of a clip by the model's price rule, as of today."""
        ask = self.fit(request)
        today = datetime.now(UTC).date()
        return estimate(
            self.model.id, self.model.price, ask.resolution, ask.duration_s, with_sound=ask.sound, today=today
        )

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Make one clip, or fetch the one that an earlier attempt paid for.

        Raises:
            Unavailable: The key's variable is not set; nothing was submitted.
            InvalidInput: The model cannot make the clip; nothing was submitted.
            GenerationError: As `Production.make`.
        """
        record = JournalRecord(Journal(read_journal_folder()), self._key(request), self.name)
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request, record, self._clock))

    def generate_on_record(
        self, request: Request, out_dir: Path, record: Record, sleep: Callable[[float], None]
    ) -> Result:
        """Make one clip as `generate` does, with its job on the caller's record instead of the journal."""
        clock = replace(self._clock, sleep=sleep)
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request, record, clock))

    def _write(self, request: Request, record: Record, clock: Clock, path: Path) -> Made:
        account, ask = self.require_ready(), self.fit(request)
        with HostedJobs(self.provider, account) as jobs:
            work = Production(jobs, ask, record, read_patience(), clock)
            outcome = work.make(path)
            sent = jobs.describe(ask, handle="")
        return self._describe(request, ask, outcome, sent)

    def _key(self, request: Request) -> str:
        """Return the name of the clip in the journal: the same wherever the reference image lies."""
        image = request.reference_image
        asked = {**request.as_dict(), "reference_image": file_sha256(image) if image else None}
        text = json.dumps([self.name, self.version, dict(self.settings), asked], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _describe(self, request: Request, ask: Ask, outcome: Outcome, sent: Mapping[str, object]) -> Made:
        priced = self.estimate(request)
        stated = outcome.report.cost_usd
        resolved = {
            "model": ask.name,
            "model_row": f"{self.model.id} of {self.model.checked}",
            "request": sent,
            "seed": ask.seed if outcome.report.seed is None else outcome.report.seed,
            "cost": "stated by the provider" if stated is not None else priced.warning or "by the price rule",
            "not_honoured": _not_honoured(request, ask, outcome),
            **as_stored(outcome),
        }
        return Made(
            resolved=resolved,
            cost_usd=priced.usd if stated is None else stated,
            seed=outcome.report.seed,
            provider_request_id=outcome.request_id,
            libraries=("httpx2", "av"),
        )


def _not_honoured(request: Request, ask: Ask, outcome: Outcome) -> list[str]:
    """Return the names of what the clip is not, by the model's row and by the clip itself."""
    made = outcome.measured
    found = set(ask.not_honoured)
    if differs(made.duration_s, request.duration_s):
        found.add("duration_s")
    if ask.sound and not made.has_sound:
        found.add("sound")
    if abs(made.fps - request.fps) > 0.01 * request.fps:
        found.add("fps")
    found |= {side for side in ("width", "height") if getattr(made, side) != getattr(request, side)}
    return sorted(found)


def _read_terms(generator: str, settings: Mapping[str, object], model: Model) -> Terms:
    resolution = None
    if settings.get("resolution") is not None:
        resolution = read_choice(generator, settings, "resolution", list(model.resolutions), default="")
    negative = settings.get("negative_prompt", "")
    if not isinstance(negative, str):
        raise SettingsError(f"{generator}: 'negative_prompt' must be a text; got {negative!r}.")
    policy = read_choice(generator, settings, "prompt_switches", SWITCH_POLICIES, default="refuse")
    return Terms(resolution, negative, _read_refused(generator, settings), cast(SwitchPolicy, policy))


def _read_refused(generator: str, settings: Mapping[str, object]) -> tuple[Trait, ...]:
    value = settings.get("refuse", list(DEFAULT_REFUSED))
    if not isinstance(value, list) or not all(each in TRAITS for each in value):
        allowed = ", ".join(TRAITS)
        raise SettingsError(f"{generator}: 'refuse' must be a list of {allowed}; got {value!r}.")
    return tuple(value)
