"""OpenAI's fine-tuning, and what every vendor with the same API shares: files, jobs, events, results."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tools.openai import job_limits, job_start, statuses, training_files
from tools.openai.account import Account
from tools.openai.job_limits import JobLimits
from tools.openai.job_progress import Followed, follow, unknown
from tools.prices import Prices
from tools.trainer import Estimate, JobState, JobStatus, Range, ToolError, TrainRequest

if TYPE_CHECKING:
    from openai.resources.fine_tuning.jobs import Jobs
    from openai.types.fine_tuning import FineTuningJob

    Wish = Callable[[Jobs], FineTuningJob]

URL = "https://api.openai.com/v1"
CLOSED = (
    "OpenAI is closing its own fine-tuning: organisations that had never tuned are shut out since 7 May 2026, inactive "
    "ones since 2 July 2026, and nobody can start a job after 6 January 2027; tuned GPT-4o and GPT-4.1 models stop "
    "answering on 14 January 2027."
)
ELSEWHERE = "Train on open weights instead: unsloth or trl here, or `attune retrain` with an earlier OpenAI job."
GOOD_SECONDS, BAD_SECONDS = 600.0, 20.0  # how long an answer about the account is believed
NO_FILE = "file-attune-eligibility"  # a file that cannot exist: asking to train on it tells who may, and starts nothing
SPEED = Range(300.0, 20_000.0)  # tokens a second, waiting in the queue not counted; assumed, not measured
WAITING = Range(120.0, 7200.0)  # seconds in the queue; assumed


class OpenAITrainer:
    """Fine-tuning by OpenAI, for organisations that may still use it: it ends in January 2027."""

    name: ClassVar[str] = "openai"
    states: ClassVar[Mapping[str, JobState]] = statuses.OPENAI
    vendor: str = "OpenAI"
    suffix: ClassVar[int] = 64
    settings: ClassVar[str] = "OPENAI_API_KEY"

    def __init__(self, key: str, url: str = "", prices: Prices | None = None, every: float = 5.0) -> None:
        """`every`: seconds in which the vendor is not asked again about the same job."""
        self.account = Account(self.vendor, url or URL, key, self.settings)
        self.prices = prices or Prices(self.name)
        self.every = every
        self.followed: dict[str, Followed] = {}  # only spares requests: without it the same is asked anew
        self._eligible: tuple[float, str | None] | None = None

    @property
    def limits(self) -> JobLimits:
        return JobLimits(self.vendor, self.suffix, ", ".join(self.prices.bases()))

    def bases(self) -> list[str]:
        """The models that can be tuned as far as the price table knows them, the cheapest kind first."""
        return self.prices.bases()

    def unavailable(self) -> str | None:
        """Whether this account may fine-tune, asked of the vendor and believed for some minutes."""
        if not self.account.key:
            return self.unset()
        now = time.monotonic()
        if self._eligible is None or now > self._eligible[0]:
            problem = self.probe()
            self._eligible = (now + (GOOD_SECONDS if problem is None else BAD_SECONDS), problem)
        return self._eligible[1]

    def unset(self) -> str:
        """What to set before anything can be asked."""
        return f"No key is set. Set OPENAI_API_KEY. {CLOSED}"

    def probe(self) -> str | None:
        """Why this account may not fine-tune; None when it may. Costs nothing and starts nothing."""
        import openai

        try:
            with self.account.client(10.0) as client:
                job = client.fine_tuning.jobs.create(model=self.bases()[0], training_file=NO_FILE)
                client.fine_tuning.jobs.cancel(job.id)
        except openai.PermissionDeniedError as error:
            return f"This organisation may not fine-tune{self.account.said(error)}. {CLOSED} {ELSEWHERE}"
        except (openai.AuthenticationError, openai.APIConnectionError, openai.InternalServerError) as error:
            return str(self.account.told(error))
        except openai.OpenAIError:
            return None  # it minds the file, so it would train; or it is busy, and start will tell
        return f"{self.vendor} accepted a job without a file; it was cancelled at once. Look at your account."

    def estimate(self, request: TrainRequest) -> Estimate:
        """Money from the bytes of the rows and the dated table. Raises ToolError for what the vendor would refuse."""
        job_limits.check(request, self.limits)
        price = self.prices.training(request.adapter or request.base)
        tokens = job_limits.tokens(request)
        seconds = Range(WAITING.low + tokens.low / SPEED.high, WAITING.high + tokens.high / SPEED.low)
        source = (
            f"Money: {tokens.low:,.0f} to {tokens.high:,.0f} tokens in {job_limits.epochs(request)} epochs at "
            f"{price.said} from {price.source}. Time: assumed, {self.vendor} promises none."
        )
        source += job_limits.left_to(request, self.limits) + self.caution(request)
        money = Range(price.of(tokens.low), price.of(tokens.high))
        return Estimate(seconds, Range(0.0, 0.0), money, source)

    def caution(self, request: TrainRequest) -> str:
        """What this vendor's estimate says at its end: here, until when the base and its tuned models answer."""
        ends = self.shutdown(request.adapter or request.base)
        return f" {CLOSED}" + (f" {request.base} shuts down on {ends}." if ends else "")

    def shutdown(self, model: str) -> str:
        """The day on which the vendor ends a model (its `shutdown_date`); "" when it tells none or is not reached."""
        import openai

        if not self.account.key:
            return ""
        try:
            with self.account.client(10.0) as client:
                return client.models.retrieve(model).shutdown_date or ""
        except openai.OpenAIError:
            return ""

    def start(self, request: TrainRequest) -> str:
        """Upload, then create one job; its id. Raises Unsure when the vendor may have taken it without saying so."""
        job_limits.check(request, self.limits)
        self.preflight(request)
        if not self.account.key:
            raise ToolError(self.unset())
        key = request.key or secrets.token_hex(16)
        with self.account.client(300.0) as client:
            if known := job_start.find(self.account, client, key):
                return known
            train, test = training_files.rows(request)
            wanted = self.wanted(request)
            data = training_files.encode(train)
            wanted["training_file"] = training_files.upload(self.account, client, data, "train")
            if test:
                data = training_files.encode(test)
                wanted["validation_file"] = training_files.upload(self.account, client, data, "test")
            return job_start.create(self.account, client, wanted, key)

    def preflight(self, request: TrainRequest) -> None:
        """What this vendor refuses beyond the limits, before anything is uploaded."""

    def wanted(self, request: TrainRequest) -> dict[str, Any]:
        """The arguments of jobs.create, without files."""
        kind = "dpo" if request.method == "dpo" else "supervised"
        chosen = job_limits.hyperparameters(request)
        found: dict[str, Any] = {
            "model": request.adapter or request.base,
            "seed": request.seed,
            "method": {"type": kind, kind: {"hyperparameters": chosen} if chosen else {}},
        }
        if name := job_limits.suffix(request, self.limits):
            found["suffix"] = name
        return found

    def find(self, key: str) -> str | None:
        """The job of this confirmation, if the vendor has it. Raises ToolError when it cannot be asked."""
        with self.account.client() as client:
            return job_start.find(self.account, client, key)

    def poll(self, handle: str, after: int = 0) -> JobStatus:
        """The job as the vendor tells it. When it cannot be asked: UNKNOWN with the reason, and asked again."""
        seen = self.followed.setdefault(handle, Followed())
        if seen.status is None or time.monotonic() >= seen.fresh_until:
            try:
                client = self.account.client(30.0)
            except ToolError as error:  # the key is gone; the job is not
                unknown(seen, error)
            else:
                with client:
                    follow(self, client, handle, seen)
        return seen.since(after)

    def cancel(self, handle: str) -> None:
        """Ask the vendor to end the job; harmless when it has ended."""
        self._ask(handle, lambda jobs: jobs.cancel(handle), {JobState.CANCELLED, JobState.SUCCEEDED, JobState.FAILED})

    def pause(self, handle: str) -> None:
        """Ask the vendor to pause; raises ToolError where it refuses."""
        self._ask(handle, lambda jobs: jobs.pause(handle), {JobState.PAUSED})

    def resume(self, handle: str) -> None:
        """Go on with a paused job. Raises ToolError for one that has ended: there a new run is needed."""
        self._ask(handle, lambda jobs: jobs.resume(handle), {JobState.RUNNING, JobState.QUEUED})

    def _ask(self, handle: str, call: Wish, fine: set[JobState]) -> None:
        """Send a wish once; a refusal is no error when the job is already where it should be."""
        import openai

        with self.account.client() as client:
            try:
                self.account.patiently(lambda: call(client.fine_tuning.jobs))
            except ToolError:
                try:
                    job = client.fine_tuning.jobs.retrieve(handle)
                except openai.OpenAIError:
                    job = None
                if job is None or statuses.state(self.states, job.status) not in fine:
                    raise
        self.followed.setdefault(handle, Followed()).fresh_until = 0.0
