"""Who is called, and what to tell the user when that model's endpoint is of no use: one sentence each."""

from dataclasses import dataclass

from resources.models.refusals import Failure
from resources.models.settings import ModelSettings
from resources.models.types import VARIABLES, Role

_KEPT = "finished work is kept"


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Who is called. `url` has no secrets in it."""

    role: Role
    model: str
    url: str
    corpus: str
    embedded: bool
    settings: ModelSettings

    def __str__(self) -> str:
        if self.embedded:
            return f"The {self.role} {self.model}, served on this machine,"
        return f"The {self.role} {self.model} at {self.url}"


def fatal(identity: ModelIdentity, failure: Failure) -> str:
    """It answers, and will refuse every request."""
    prefix = VARIABLES[identity.role]
    kind = "an embedding model" if identity.role == "embedder" else "a chat model"
    advice = {
        401: f"set {prefix}_API_KEY to a key that it accepts",
        402: "top up the account or choose another model",
        403: f"the key in {prefix}_API_KEY may not use this model here: choose another key or model",
        404: f"check {prefix}_MODEL, {kind}, and {prefix}_BASE_URL, which usually ends in /v1",
        429: "the account's quota is used up: top it up or choose another model",
        None: f"check {prefix}_BASE_URL and {prefix}_API_KEY",
    }.get(failure.status, f"check {prefix}_BASE_URL and {prefix}_MODEL, which must be {kind}")
    status = "" if failure.status is None else f" with status {failure.status}"
    return f"{identity} refuses requests{status} ({_detail(failure)}): {advice}."


def gone(identity: ModelIdentity, failure: Failure) -> str:
    """No connection, for too long."""
    if identity.embedded:
        advice = "see its log in the workspace, free some memory, and run again"
    else:
        advice = f"start it or correct {VARIABLES[identity.role]}_BASE_URL, and run again"
    return f"{identity} cannot be reached ({_detail(failure)}): {advice}; {_KEPT}."


def all_failed(identity: ModelIdentity, failure: Failure, requests: int) -> str:
    """It answers, and nothing comes of it."""
    problem = f"failed {requests} requests in a row ({_detail(failure)})"
    return f"{identity} {problem}: mend it and run again; {_KEPT}."


def long_wait(identity: ModelIdentity, failure: Failure, wait_s: float) -> str:
    """It wants to be left alone for longer than a run should stand still."""
    return f"{identity} asks to wait {wait_s / 60:.0f} minutes ({_detail(failure)}): run again then; {_KEPT}."


def _detail(failure: Failure) -> str:
    return failure.detail.rstrip(". ")
