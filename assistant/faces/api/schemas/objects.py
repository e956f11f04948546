"""What goes in and out of /v1, by OpenAI's names. Fields that we do not act on are refused where they would matter."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assistant.faces.api.schemas import values
from tools.options import OPTIONS

Auto = Literal["auto"]
Purpose = Literal["fine-tune", "assistants", "batch", "user_data", "vision", "evals"]
Metadata = dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]]


class Strict(BaseModel):
    """A request: a field that we do not know would be one that we do not heed."""

    model_config = ConfigDict(extra="forbid")


class Error(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """Every failure."""

    error: Error


class Page(BaseModel):
    object: Literal["list"] = "list"
    has_more: bool = False


# files -------------------------------------------------------------------------------------------------------------
class FileObject(BaseModel):
    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: str
    status: Literal["uploaded", "processed", "error"] = "processed"
    status_details: str | None = None


class FilePage(Page):
    data: list[FileObject]
    first_id: str | None = None
    last_id: str | None = None


class Deleted(BaseModel):
    id: str
    object: str
    deleted: bool = True


class ExpiresAfter(Strict):
    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=2592000)


class UploadCreate(Strict):
    bytes: int = Field(ge=1, le=1 << 40)
    filename: str = Field(min_length=1, max_length=255)
    mime_type: str = Field(max_length=255)
    purpose: Purpose
    expires_after: ExpiresAfter | None = None


class UploadComplete(Strict):
    part_ids: list[str] = Field(min_length=1)
    md5: str | None = None


class UploadObject(BaseModel):
    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: Literal["pending", "completed", "cancelled", "expired"]
    file: FileObject | None = None


class UploadPart(BaseModel):
    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str


# fine-tuning jobs --------------------------------------------------------------------------------------------------
Epochs = Annotated[Auto | int | None, *values.whole(1, int(OPTIONS["epochs"].hosted_high))]
Batch = Annotated[Auto | int | None, *values.whole(1, int(OPTIONS["batch_size"].hosted_high))]
Rate = Annotated[Auto | float | None, *values.above_zero(100)]  # times the rate that would be chosen
Beta = Annotated[Auto | float | None, *values.above_zero(int(OPTIONS["beta"].hosted_high))]


class Hyperparameters(Strict):
    n_epochs: Epochs = None
    batch_size: Batch = None
    learning_rate_multiplier: Rate = None


class DpoHyperparameters(Hyperparameters):
    beta: Beta = None


class Supervised(Strict):
    hyperparameters: Hyperparameters | None = None


class Dpo(Strict):
    hyperparameters: DpoHyperparameters | None = None


class Method(Strict):
    type: Literal["supervised", "dpo"]
    supervised: Supervised | None = None
    dpo: Dpo | None = None
    reinforcement: Annotated[None, *values.absent()] = None

    @model_validator(mode="after")
    def _one(self) -> Method:
        other = "dpo" if self.type == "supervised" else "supervised"
        if getattr(self, other):
            raise ValueError(f"the type is '{self.type}', and there is something for '{other}'")
        return self


class JobCreate(Strict):
    model: str = Field(min_length=1, max_length=512)
    training_file: str = Field(min_length=1, max_length=128)
    validation_file: str | None = Field(None, max_length=128)
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    suffix: str | None = Field(None, max_length=64)
    seed: int | None = Field(None, ge=0, le=int(OPTIONS["seed"].high))
    metadata: Metadata | None = Field(None, max_length=16)
    integrations: Annotated[None, *values.absent()] = Field(None, description="None is possible.")
    trainer: str | None = Field(None, max_length=40, description="Attune's own: which trainer runs the job.")


class JobError(BaseModel):
    code: str
    message: str
    param: str | None = None


class JobObject(BaseModel):
    id: str
    object: Literal["fine_tuning.job"] = "fine_tuning.job"
    created_at: int
    error: JobError | None = None
    estimated_finish: int | None = None
    fine_tuned_model: str | None = None
    finished_at: int | None = None
    hyperparameters: Hyperparameters
    integrations: list[dict[str, Any]] = []
    metadata: dict[str, str] | None = None
    method: Method | None = None
    model: str
    organization_id: str
    result_files: list[str]
    seed: int
    status: Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
    trained_tokens: int | None = None
    training_file: str
    validation_file: str | None = None


class JobPage(Page):
    data: list[JobObject]


class Event(BaseModel):
    id: str
    object: Literal["fine_tuning.job.event"] = "fine_tuning.job.event"
    created_at: int
    level: Literal["info", "warn", "error"]
    message: str
    type: Literal["message", "metrics"]
    data: dict[str, Any] = {}


class EventPage(Page):
    data: list[Event]


class CheckpointMetrics(BaseModel):
    step: float | None = None
    train_loss: float | None = None
    train_mean_token_accuracy: float | None = None
    valid_loss: float | None = None
    valid_mean_token_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_mean_token_accuracy: float | None = None


class CheckpointObject(BaseModel):
    id: str
    object: Literal["fine_tuning.job.checkpoint"] = "fine_tuning.job.checkpoint"
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: str
    metrics: CheckpointMetrics
    step_number: int


class CheckpointPage(Page):
    data: list[CheckpointObject]
    first_id: str | None = None
    last_id: str | None = None


# models and embeddings ---------------------------------------------------------------------------------------------
class ModelObject(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    shutdown_date: str | None = None


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelObject]


class EmbeddingCreate(Strict):
    model: str = Field(max_length=512)
    input: str | list[str] | list[int] | list[list[int]] = Field(description="One text or up to 2048 of them.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    user: str | None = None

    @model_validator(mode="after")
    def _holds_text(self) -> EmbeddingCreate:
        texts = [self.input] if isinstance(self.input, str) else self.input
        if not texts or len(texts) > 2048 or any(text in ("", []) for text in texts):
            raise ValueError("input holds between 1 and 2048 texts, and none of them is empty")
        return self


class EmbeddingObject(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    object: Literal["list"] = "list"
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingUsage
