"""What a stage's plan may read: the parts of a run, and of the configuration what its record names.

Reading anything else is an error, so that nothing can change a stage's rows without making it stale.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from resources.bench import RunBench
from resources.configuration.aliases_file import OwnAliases
from resources.configuration.load import Endpoint
from resources.configuration.settings import Settings
from resources.configuration.taxonomy_file import TagTree
from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.types import Role
from resources.sources.encyclopedia import Encyclopedia

if TYPE_CHECKING:
    from resources.graph.store import GraphStore


class Undeclared(Exception):
    """A stage read what its record does not name; a bug of ours."""


class StageBench:
    """The parts of a run as one stage sees them.

    Args:
        bench: of the run.
        stage: its name, for errors.
        settings: paths into the settings that it may read.
        further: what else of the configuration, models among it.
    """

    def __init__(
        self, bench: RunBench, stage: str, settings: Sequence[str], further: Collection[str | None]
    ) -> None:
        self._bench = bench
        self._stage = stage
        self._further = further
        self.settings = cast(Settings, _Declared(bench.settings, "", settings, stage))
        self.warehouse = bench.warehouse
        self.corpus = bench.corpus
        self.layout = bench.layout
        self.documents = bench.documents
        self.offline = bench.offline
        self.sources = bench.configuration.sources
        self.count = bench.tokenizer.count

    @property
    def exports(self) -> Path:
        """The folder of the corpus' exported files."""
        return self.layout.exports(self.corpus)

    @property
    def aliases(self) -> OwnAliases:
        """What the user's own file says of names."""
        self._check("aliases")
        return self._bench.configuration.aliases

    @property
    def own_tree(self) -> TagTree | None:
        """The user's own tags, if there is a file of them."""
        self._check("taxonomy")
        return self._bench.configuration.taxonomy

    @property
    def examined(self) -> bool:
        """Whether there is a trainee."""
        self._check("a trainee", "trainee")
        return self._bench.configuration.trainee is not None

    @property
    def trainee(self) -> Endpoint | None:
        """The model to be examined, if there is one."""
        self._check("trainee")
        return self._bench.configuration.trainee

    @property
    def embedder(self) -> Endpoint | None:
        """The embedder, where names are to be embedded."""
        self._check("embedder")
        return self._bench.configuration.name_embedder

    def identity(self, role: Role) -> dict[str, Any]:
        """All of a model that can change its answers."""
        self._check(role)
        return self._bench.endpoint(role).identity()

    def gateway(self, role: Role) -> Gateway:
        """The one way to a model."""
        self._check(role)
        return self._bench.gateway(role)

    def graph(self) -> "GraphStore":
        """The graph store."""
        return self._bench.graph()

    def encyclopedia(self) -> Encyclopedia:
        """Where entities are looked up."""
        return self._bench.encyclopedia()

    def responses(self) -> ResponseStore:
        """The response store."""
        return self._bench.responses()

    def _check(self, *names: str) -> None:
        if not any(name in self._further for name in names):
            raise Undeclared(f"stage {self._stage} reads {names[0]!r}, which its record does not name")


class _Declared:
    """A section of the settings that gives only what the stage's record names, also to the section's own
    properties and methods."""

    def __init__(self, section: BaseModel, path: str, named: Sequence[str], stage: str) -> None:
        self._section = section
        self._path = path
        self._named = named
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        section = self._section
        field = type(section).model_fields.get(name)
        if field is None:
            of_class = getattr(type(section), name)
            if isinstance(of_class, property) and of_class.fget is not None:
                return of_class.fget(self)
            if name.startswith("model_"):
                raise Undeclared(f"stage {self._stage} reads all of {self._path}: name its keys one by one")
            return MethodType(of_class, self)
        path = f"{self._path}.{field.alias or name}".lstrip(".")
        value = getattr(section, name)
        if any(path == named or path.startswith(f"{named}.") for named in self._named):
            return value
        if isinstance(value, BaseModel):
            return _Declared(value, path, self._named, self._stage)
        raise Undeclared(f"stage {self._stage} reads the setting {path}, which its record does not name")
