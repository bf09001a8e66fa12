"""The embedded language model: llama.cpp's OpenAI-compatible server with a small model, on this machine.

Which models there are and how their files are fetched is in `model_files`; how servers are shared and ended
is in `server_lease` and `keeper`; requests belong in `resources.models`.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from resources.embedded.model_files import LocalModel, Progress, ensure_model
from resources.embedded.server_lease import ServerKind, ServerLease
from resources.errors import EndpointError

SLOT_TOKENS = 4096
MAX_THREADS = 8
PROMPT_CACHE_MIB = 512
READY_S = 120.0
_WARNINGS = 2
_never_collected: list[object] = []

MODEL_SERVER = ServerKind(
    what="embedded model server",
    serve="resources.embedded.model_server:serve",
    error=EndpointError,
    advice="free memory or mend what its log says, or set SYNTHESIZER_BASE_URL, SYNTHESIZER_MODEL and "
    "SYNTHESIZER_API_KEY (and TRAINEE_… alike) to use another endpoint.",
    # Loading takes seconds; a slow disk and a machine that is short of memory take longer.
    start_timeout_s=300.0,
)


class ModelLease(ServerLease):
    """The right to use a model server of the workspace.

    The server answers `/health` to any program of this machine, all else only to those with the API key.
    """

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:<port>/v1`; another port after each start."""
        return str(self.address["base_url"])

    @property
    def api_key(self) -> str:
        return str(self.address["api_key"])

    @property
    def model(self) -> str:
        """The name to put into requests: the `LocalModel`'s."""
        return str(self.address["model"])

    @property
    def parallel(self) -> int:
        """Requests that the running server works on at once; it queues the others."""
        return int(self.address["parallel"])


def lease_model(
    workspace: Path, model: LocalModel, parallel: int = 2, progress: Progress | None = None
) -> ModelLease:
    """Lease the server of `model` in `workspace`, which is started where it does not run yet.

    All processes that lease it share one server; it stops when the last lease is closed or its process has
    ended. A lease whose `alive()` is False is of no more use: close it and take another.

    Args:
        parallel: slots of 4096 tokens each; counts only for a server that this call starts.
        progress: told how the download of the model's file goes, where there is one; see `ensure_model`.

    Raises:
        DownloadError: the model's file cannot be fetched.
        EndpointError: the server cannot be started; the message carries the end of its log.
    """
    path = ensure_model(model, progress)
    parameters = {"path": str(path), "model": model.name, "parallel": parallel}
    return ModelLease.open(MODEL_SERVER, workspace, f"model-{model.name}", parameters)


@contextlib.contextmanager
def serve(_workspace: Path, parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Run llama.cpp's server in this process, which must be a keeper."""
    # Read when the library is loaded. Spinning threads would starve the others of a small machine.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import xllamacpp

    key = secrets.token_urlsafe(24)
    parallel = int(parameters["parallel"])
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(parameters["path"])
    settings.model_alias = {str(parameters["model"])}
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0  # the kernel chooses a free one
    settings.api_keys = [key]
    settings.ui = False
    settings.endpoint_slots = False  # would show the prompts of one user to another
    settings.n_parallel = parallel
    settings.n_ctx = SLOT_TOKENS * parallel
    settings.fit_params = False
    settings.use_jinja = True
    settings.cache_prompt = True
    settings.cache_ram_mib = PROMPT_CACHE_MIB  # llama.cpp's own limit is 8 GiB
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = threads
    settings.verbosity = _WARNINGS  # at its default it writes lines for every request
    server = xllamacpp.Server(settings)
    # Its destructor waits for requests in progress, minutes perhaps, for users that are gone. It has nothing
    # to save: it is kept from being collected and ends with the process.
    _never_collected.append(server)
    _wait_until_healthy(server.listening_address)
    yield {
        "base_url": f"{server.listening_address}/v1",
        "api_key": key,
        "model": str(parameters["model"]),
        "parallel": parallel,
    }


def _wait_until_healthy(address: str) -> None:
    """Return when the server answered a real request; RuntimeError after 120 s without."""
    deadline = time.monotonic() + READY_S
    # trust_env: a proxy of the environment has no way to this machine's loopback.
    with httpx2.Client(trust_env=False, timeout=READY_S) as client:
        while client.get(f"{address}/health").status_code != httpx2.codes.OK:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the model server is not healthy after {READY_S:.0f} s")
            time.sleep(0.1)
