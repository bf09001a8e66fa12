"""The user's own schema for extraction: which types of things and of relations there are, and which relations
can be between which types. Reading it from a file is in `resources.configuration.load`, keeping to it in
`kg_assets.claims.conformance`."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Name = Annotated[str, Field(min_length=1, max_length=60)]


class _Part(BaseModel):
    """A frozen part of a schema that refuses unknown keys; its texts are put on one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("name", "description", check_fields=False)
    @classmethod
    def _one_line(cls, text: str) -> str:
        line = " ".join(text.split())
        if text and not line:
            raise ValueError("is empty: write its name")
        return line


class EntityType(_Part):
    """A type of things."""

    name: Name
    description: str = ""


class RelationType(_Part):
    """A type of relations. `pairs` are the types of source and target that it may connect; none means any."""

    name: Name
    description: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @field_validator("pairs", mode="before")
    @classmethod
    def _of_two(cls, pairs: object) -> object:
        for pair in pairs if isinstance(pairs, list | tuple) else [pairs]:
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ValueError(
                    "a pair is [type of the source, type of the target], such as [pump, company]"
                )
        return pairs


class ExtractionSchema(_Part):
    """All of `extraction.schema`. Names of types are compared without regard to case and white space."""

    entities: tuple[EntityType, ...]
    relations: tuple[RelationType, ...]

    @model_validator(mode="after")
    def _sound(self) -> "ExtractionSchema":
        if not self.entities:
            raise ValueError("entities is empty: name at least one type")
        if not self.relations:
            raise ValueError(
                "relations is empty: name at least one type, or use extraction.entity_types if relations may "
                "be of any kind"
            )
        _refuse_doubled("entities", [each.name for each in self.entities])
        _refuse_doubled("relations", [each.name for each in self.relations])
        known = {type_key(each.name): each.name for each in self.entities}
        for relation in self.relations:
            for name in (end for pair in relation.pairs for end in pair):
                if type_key(name) not in known:
                    raise ValueError(
                        f"relation {relation.name!r} is between a type {name!r} that entities does not name: "
                        f"{_meant(name, known.values())}"
                    )
        return self


def type_key(name: str) -> str:
    """The same for all spellings of a type's name: `Made By` is `made by` is `made_by`."""
    return " ".join(name.replace("_", " ").casefold().split())


def _refuse_doubled(where: str, names: Sequence[str]) -> None:
    doubled = [name for name, times in Counter(map(type_key, names)).items() if times > 1]
    if doubled:
        raise ValueError(f"{where} names {doubled[0]!r} twice: leave one")


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known types are {', '.join(names)}"
