"""Runs the benchmarks that are named, or all, and prints a table for each."""

import sys
from importlib import import_module

import kg_assets.stages  # noqa: F401  what stages, forms and formats there are
from benchmarks.table import show

ALL = ("startup", "documents", "entities", "gateway", "graph", "subgraphs", "pipeline")
ON_DEMAND = ("tags", "embeddings")
"""They ask a real model, which takes minutes: run only where they are named."""


def main() -> None:
    names = sys.argv[1:] or ALL
    known = (*ALL, *ON_DEMAND)
    if unknown := set(names) - set(known):
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}: there are {', '.join(known)}.")
    for name in names:
        module = import_module(f"benchmarks.{name}")
        show(f"{name}: {module.__doc__.splitlines()[0]}", module.run())


main()
