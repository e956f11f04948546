"""The only reader of the environment. Frozen, and passed down."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.engine import EMBEDDED as EMBEDDED

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting is an environment variable or a line of `.env`: see `variable` for its name."""

    model_config = SettingsConfigDict(
        env_prefix="ATTUNE_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    data: Path = Field(ROOT / "data" / "run", description="Everything made at run time")
    host: str = Field("127.0.0.1", description="Address the app listens on")
    port: int = Field(7860, ge=0, le=65535, description="Port of the app; 0 = any free one")
    password: SecretStr = Field(SecretStr(""), description="Asked of whoever opens the page (user: attune)")
    owner: str = Field("local", description="Owner of the cases made by this process")

    api_key: SecretStr = Field(
        SecretStr(""), description="Keys of /v1: one key, or `NAME:KEY,NAME:KEY`; empty = one for the run, on loopback"
    )
    api_requests: int = Field(600, ge=1, description="Requests a minute to /v1 for each owner")
    api_streams: int = Field(64, ge=1, description="Answers written at once for each owner of a /v1 key")
    api_jobs: int = Field(2, ge=1, description="Jobs running at once for each owner of a /v1 key; more wait")
    api_origins: str = Field("", description="Origins of pages that may ask /v1, by commas; `*` = any, empty = none")
    api_file_mb: float = Field(512.0, gt=0, description="Largest file uploaded to /v1, in MB")

    chat_base_url: str = Field("", description="OpenAI-compatible chat server")
    chat_model: str = Field(
        EMBEDDED, description="A local folder, a GGUF file or a name of the Hub; with a server, its name for the model"
    )
    chat_api_key: SecretStr = Field(SecretStr(""), description="Key of the chat server")
    longest_answer: int = Field(512, ge=1, description="Longest answer in the chat and in the evaluation, in tokens")

    guide_base_url: str = Field("", description="OpenAI-compatible guide server")
    guide_model: str = Field("", description="Guide's model; empty = the built-in guide")
    guide_language: str = Field(
        "",
        pattern=r"^(|en|ro|de|es|fr)$",
        description="Language of the built-in guide: `en`, `ro`, `de`, `es`, `fr`; empty = the brief's, else English",
    )
    guide_api_key: SecretStr = Field(SecretStr(""), description="Key of that server")

    embedding: str = Field(
        "auto",
        pattern=r"^(auto|lexical|minilm|st:.+|openai:.+)$",
        description="What finds passages: `auto`, `lexical`, `minilm`, `st:MODEL` or `openai:MODEL`",
    )
    embedding_base_url: str = Field("", description="OpenAI-compatible embedding server; empty = OpenAI")
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Key of the embedding server")
    reranker: str = Field(
        "",
        pattern=r"^(|st:.+|api:.+)$",
        description="Puts the best passages in order: `st:MODEL` or `api:MODEL`; empty = nothing does",
    )
    reranker_base_url: str = Field("", description="Server of `api:MODEL`, with `/rerank` as at Jina, Cohere and vLLM")
    reranker_api_key: SecretStr = Field(SecretStr(""), description="Key of the reranking server")
    chroma_url: str = Field("", description="Chroma server; empty = a folder of our own")
    chroma_api_key: SecretStr = Field(SecretStr(""), description="Token of the Chroma server")

    openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias="OPENAI_API_KEY", description="Key of OpenAI: fine-tuning and tuned models"
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL", description="Where OpenAI's API answers"
    )
    azure_openai_endpoint: str = Field(
        "", validation_alias="AZURE_OPENAI_ENDPOINT", description="`https://RESOURCE.openai.azure.com`"
    )
    azure_openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias="AZURE_OPENAI_API_KEY", description="Key of that resource"
    )
    azure_subscription_id: str = Field(
        "", validation_alias="AZURE_SUBSCRIPTION_ID", description="Subscription of the resource, to deploy models"
    )
    azure_resource_group: str = Field(
        "", validation_alias="AZURE_RESOURCE_GROUP", description="Its resource group, to deploy models"
    )
    azure_management_url: str = Field(
        "https://management.azure.com", description="Azure's control plane; another one in a sovereign cloud"
    )
    azure_training: str = Field(
        "GlobalStandard", description="Azure's kind of training: `Standard`, `GlobalStandard` or `Developer`"
    )
    tune_base_url: str = Field("", description="A provider with OpenAI's fine-tuning API, Nebius or an Attune for one")
    tune_api_key: SecretStr = Field(SecretStr(""), description="Key of that provider")
    tune_price: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="US dollars a million training tokens there; empty = look it up"
    )
    hf_token: SecretStr = Field(
        SecretStr(""), validation_alias="HF_TOKEN", description="Token of Hugging Face: jobs, gated models, pushing"
    )
    hf_endpoint: str = Field(
        "https://huggingface.co", validation_alias="HF_ENDPOINT", description="Where the Hub answers"
    )
    hf_flavor: str = Field("cpu-upgrade", description="Machine of a Hugging Face job: see data/prices.toml")
    hf_namespace: str = Field("", description="Whose jobs and repositories they are; empty = the token's owner")
    prices: Path = Field(ROOT / "data" / "prices.toml", description="The dated table of hosted prices")

    train_python: str = Field("", description="Local trainers' interpreter; empty = ours")
    spending_cap: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="US dollars a month that training may cost; 0 = nothing that costs"
    )
    max_upload_mb: float = Field(20.0, gt=0, description="Largest document, in MB")
    model_servers: int = Field(3, ge=1, description="Local models kept loaded at once; each takes about a GB and more")

    @field_validator("tune_price", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        """An optional number may be left empty in `.env`."""
        return None if value == "" else value

    @property
    def database(self) -> Path:
        return self.data / "attune.db"

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field: ours begin with ATTUNE_, a vendor's keep their usual name."""
        known = cls.model_fields.get(field)
        alias = known.validation_alias if known else None
        return alias if isinstance(alias, str) else field if field.isupper() else f"ATTUNE_{field.upper()}"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def autotrain(self) -> Path:
        """AutoTrain's own virtual environment."""
        return self.data / "autotrain"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def hashes(self) -> Path:
        """What large model files were found to be."""
        return self.database.with_name("hashes.json")

    @property
    def index(self) -> Path:
        return self.data / "chroma"

    @property
    def models(self) -> Path:
        """Where local models are made: the embedded one, and what is converted for the engine."""
        return self.data / "models"

    def model_path(self, model: str) -> str:
        """Where a local model lies, or will once it was made: a tuned one by its path under the data folder."""
        if model == EMBEDDED:
            return str(self.models / EMBEDDED)
        inside = self.data / model
        return str(inside) if not Path(model).is_absolute() and inside.exists() else model

    def portable(self, path: str) -> str:
        """A path as it is recorded: relative to the data folder where it lies inside, so the folder may move."""
        try:
            return str(Path(path).relative_to(self.data))
        except ValueError:
            return path
