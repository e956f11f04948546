"""What goes into /v1/chat/completions and /v1/completions, by OpenAI's names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Open(BaseModel):
    """Fields beside these are kept: a server of somebody else's may know them, ours refuses them by name."""

    model_config = ConfigDict(extra="allow")


class ContentPart(Open):
    type: str
    text: str | None = None


class Called(BaseModel):
    name: str
    arguments: str


class Call(BaseModel):
    id: str
    type: Literal["function"] = "function"
    function: Called


class ChatMessage(Open):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[ContentPart], Field(min_length=1)] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ChatMessage:
        if self.content is None and not (self.role == "assistant" and (self.tool_calls or "refusal" in self._more)):
            raise ValueError(f"a message of the role '{self.role}' has no content")
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a message of the role 'tool' has no tool_call_id")
        return self

    @property
    def _more(self) -> dict[str, Any]:
        return self.model_extra or {}

    @property
    def text(self) -> str:
        """The content as one text; of a refusal its words."""
        if self.content is None:
            return str(self._more.get("refusal") or "")
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text or str((part.model_extra or {}).get("refusal") or "") for part in self.content)


class Function(Open):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(Open):
    type: str
    function: Function | None = None


class FunctionName(BaseModel):
    name: str


class ChosenTool(BaseModel):
    type: Literal["function"]
    function: FunctionName


class Schema(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    shape: dict[str, Any] = Field({}, alias="schema")
    strict: bool | None = None
    description: str | None = None


class ResponseFormat(BaseModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: Schema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> ResponseFormat:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("the type 'json_schema' needs a json_schema")
        return self


class StreamOptions(Open):
    include_usage: bool | None = None


class Sampling(Open):
    """What every kind of completion may ask for. Without a temperature the likeliest token is taken each time."""

    model: str = Field(max_length=512)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    n: int | None = Field(None, ge=1, le=16)
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[Annotated[str, Field(pattern="^[0-9]{1,9}$")], Annotated[float, Field(ge=-100, le=100)]] | None = (
        None
    )


class ChatCreate(Sampling):
    messages: list[ChatMessage] = Field(min_length=1, max_length=2048)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    tools: list[Tool] | None = Field(None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None

    @property
    def most(self) -> int | None:
        """How many tokens the answer may have, where the request says so."""
        return self.max_completion_tokens or self.max_tokens


class CompletionCreate(Sampling):
    prompt: str | list[str] | list[int] | list[list[int]]
    logprobs: int | None = Field(None, ge=0, le=5)
