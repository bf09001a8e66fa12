"""Settings of one model endpoint. Its key is a secret and is not among them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ModelSettings(BaseModel):
    """How to reach and use one model.

    `model` and `base_url` are usually given as `SYNTHESIZER_MODEL` and `SYNTHESIZER_BASE_URL` (or
    `TRAINEE_…`, `EMBEDDING_…`); without either the embedded default is used, or no embedder. `revision` is
    free text that is part of every key, for weights that change under one name. Prices are in USD per million
    tokens and come in pairs: a cost made of one of them would be no honest number. `timeout_s` is for one
    HTTP request, `timeout` in yaml.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    model: str | None = None
    base_url: str | None = None
    revision: str = ""
    concurrency: Annotated[int, Field(ge=1, le=1024)] | None = None
    rpm: Annotated[int, Field(gt=0)] | None = None
    tpm: Annotated[int, Field(gt=0)] | None = None
    timeout_s: Annotated[float, Field(gt=0)] = Field(default=300.0, alias="timeout")
    max_retries: Annotated[int, Field(ge=0)] = 6
    prompt_usd_per_million: Annotated[float, Field(ge=0)] | None = None
    completion_usd_per_million: Annotated[float, Field(ge=0)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0

    @model_validator(mode="after")
    def _prices_in_pairs(self) -> "ModelSettings":
        if (self.prompt_usd_per_million is None) != (self.completion_usd_per_million is None):
            raise ValueError(
                "prompt_usd_per_million and completion_usd_per_million are given together or not at all"
            )
        return self
