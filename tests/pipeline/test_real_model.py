"""The pipeline with a real model, the smallest one that ships, in both roles."""

from pathlib import Path

import pytest

from tests.pipeline.project import Project, processes_that_stay

MODEL = "qwen2.5-coder-0.5b-instruct"
TEXT = """\
Marie Curie discovered polonium in Paris in 1898. Pierre Curie was the husband of Marie Curie. \
Marie Curie received the Nobel Prize in Chemistry.
"""


@pytest.mark.timeout(900)
def test_one_short_document_becomes_pairs_with_evidence(tmp_path: Path) -> None:
    project = Project(tmp_path / "real")
    project.variables |= {"SYNTHESIZER_MODEL": MODEL, "TRAINEE_MODEL": MODEL}
    project.configure(
        extraction={"max_entities": 4, "max_relations": 3},
        comprehension={"statements": 1},
        qa={"forms": ["atomic"]},
    )
    project.write("curie.txt", TEXT)
    result = project.process("run", "--json", timeout_s=800)
    assert result.exit_code == 0, result.stderr
    pairs = project.lineage()
    assert pairs
    for pair in pairs:
        assert pair["question"]
        assert pair["answer"]
        assert pair["evidence"]
        for evidence in pair["evidence"]:
            assert TEXT[evidence["start"] : evidence["end"]] == evidence["text"]
    methods = set(project.frame("SELECT method FROM current_judgements")["method"])
    assert methods == {"logprobs"}
    assert any(pair["loss"] is not None for pair in pairs)
    assert processes_that_stay(project.workspace) == []
