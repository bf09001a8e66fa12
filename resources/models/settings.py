"""Settings of one model endpoint. Its key is a secret and is not among them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ModelSettings(BaseModel):
    """How to reach and use one model. Prices come in pairs: a cost made of one of them would be no honest
    number."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )

    model: str | None = None
    """Its name at the endpoint, usually given as `SYNTHESIZER_MODEL`, `TRAINEE_MODEL` or `EMBEDDING_MODEL`;
    without name and address the embedded model is used, or no embedder."""
    base_url: str | None = None
    """The address of the endpoint, usually given as `SYNTHESIZER_BASE_URL`, `TRAINEE_BASE_URL` or
    `EMBEDDING_BASE_URL`; without it OpenAI."""
    revision: str = ""
    """Any text; it is part of every key, for weights that change under one name."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] | None = None
    """How many requests may be under way at once; without it 16, or 4 of an embedded model."""
    rpm: Annotated[int, Field(gt=0)] | None = None
    """The most requests in a minute; without it there is no limit."""
    tpm: Annotated[int, Field(gt=0)] | None = None
    """The most tokens in a minute; without it there is no limit."""
    timeout_s: Annotated[float, Field(gt=0)] = Field(default=300.0, alias="timeout")
    """The longest that one HTTP request may take, in seconds."""
    max_retries: Annotated[int, Field(ge=0)] = 6
    """How often a request is sent again after failures, at most; twice as often where an endpoint is busy."""
    prompt_usd_per_million: Annotated[float, Field(ge=0)] | None = None
    """The price of a million tokens that it reads, in USD."""
    completion_usd_per_million: Annotated[float, Field(ge=0)] | None = None
    """The price of a million tokens that it writes, in USD."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    """The temperature of sampling."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of probability that tokens are sampled from."""
    seed: int = 0
    """The seed of sampling, which is sent to the endpoint."""

    @model_validator(mode="after")
    def _prices_in_pairs(self) -> "ModelSettings":
        if (self.prompt_usd_per_million is None) != (self.completion_usd_per_million is None):
            raise ValueError(
                "prompt_usd_per_million and completion_usd_per_million are given together or not at all"
            )
        return self
