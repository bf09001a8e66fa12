"""Settings: where they come from, which mistakes are named how, and that no secret is ever shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.configuration.load import Configuration, load_configuration, read_settings
from resources.configuration.settings import Settings
from resources.errors import SettingsError

SECRET = "sk-canary-0123456789"
OWN = {"SYNTHESIZER_MODEL": "gpt-x", "SYNTHESIZER_BASE_URL": "http://host:8000/v1"}
LOCAL = "qwen2.5-coder-0.5b-instruct"
Load = Callable[..., Configuration]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a configuration from YAML text and variables."""

    def load(text: str = "", **variables: str) -> Configuration:
        file = tmp_path / "graphtutor.yaml"
        file.write_text(text, "utf-8")
        return load_configuration(file, variables)

    return load


# Precedence


def test_without_anything_both_models_are_local_and_the_graph_is_embedded(load: Load) -> None:
    found = load()
    assert found.settings == Settings()
    assert found.synthesizer.local is not None
    assert found.trainee is not None
    assert found.trainee.local is not None
    assert found.synthesizer.model != found.trainee.model
    assert found.graph is None


def test_a_variable_overrules_the_file(load: Load) -> None:
    text = "models: {synthesizer: {model: from-file, base_url: 'http://file/v1', revision: r2}}"
    found = load(text, SYNTHESIZER_MODEL="from-env", SYNTHESIZER_BASE_URL="http://env/v1/").synthesizer
    assert (found.model, found.base_url, found.settings.revision) == ("from-env", "http://env/v1", "r2")
    kept = load(text).synthesizer
    assert (kept.model, kept.base_url) == ("from-file", "http://file/v1")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("SYNTHESIZER_MODLE", "SYNTHESIZER_MODEL"), ("TRAINEE_BASEURL", "TRAINEE_BASE_URL")],
)
def test_a_variable_that_is_nearly_one_of_ours_is_refused(load: Load, written: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"no variable {written}: did you mean {meant}"):
        load(**{written: "x"})


def test_variables_of_others_that_begin_as_ours_are_left_alone(load: Load) -> None:
    assert load(SYNTHESIZER_BACKEND="openai_api", TRAINEE_RPM="3").trainee is not None


def test_an_empty_variable_is_no_variable(load: Load) -> None:
    text = "models: {synthesizer: {model: from-file, base_url: 'http://file/v1'}}"
    assert load(text, SYNTHESIZER_MODEL="", SYNTHESIZER_BASE_URL="").synthesizer.model == "from-file"


def test_the_environment_overrules_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("SYNTHESIZER_MODEL=from-dotenv\nSYNTHESIZER_BASE_URL=http://dotenv/v1\n")
    monkeypatch.setenv("SYNTHESIZER_MODEL", "from-env")
    found = load_configuration(None).synthesizer
    assert (found.model, found.base_url) == ("from-env", "http://dotenv/v1")


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\x00" + SECRET.encode())
    with pytest.raises(SettingsError, match=r"\.env cannot be read \(it is not UTF-8\)") as error:
        load_configuration(None)
    assert SECRET not in str(error.value)


def test_the_file_of_the_current_folder_is_taken_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None) == Settings()
    (tmp_path / "graphtutor.yaml").write_text("qa: {forms: atomic}")
    assert read_settings(None).qa_forms == ("atomic",)


def test_documents_are_relative_to_the_configuration_file(load: Load, tmp_path: Path) -> None:
    assert load("documents: {folder: texts}").documents == tmp_path / "texts"
    assert load("documents: {folder: /data}").documents == Path("/data")


# Models


def test_an_own_model_without_an_address_is_openais(load: Load) -> None:
    found = load(SYNTHESIZER_MODEL="gpt-x", SYNTHESIZER_API_KEY=SECRET).synthesizer
    assert (found.base_url, found.api_key, found.local) == ("https://api.openai.com/v1", SECRET, None)


def test_a_local_model_is_chosen_by_its_name_and_gets_no_key(load: Load) -> None:
    found = load(SYNTHESIZER_MODEL=LOCAL, SYNTHESIZER_API_KEY=SECRET).synthesizer
    assert found.local is not None
    assert (found.model, found.base_url, found.api_key) == (LOCAL, "", "")


def test_the_name_of_a_local_model_at_an_own_address_is_served_there(load: Load) -> None:
    found = load(SYNTHESIZER_MODEL=LOCAL, SYNTHESIZER_BASE_URL="http://host/v1").synthesizer
    assert (found.local, found.base_url) == (None, "http://host/v1")


@pytest.mark.parametrize(
    ("text", "variables", "named"),
    [
        ("", {"SYNTHESIZER_BASE_URL": "http://host/v1"}, "SYNTHESIZER_BASE_URL"),
        ("models: {trainee: {base_url: 'http://host/v1'}}", {}, "models.trainee.base_url"),
    ],
)
def test_an_address_without_a_model_is_named_where_it_stands(
    load: Load, text: str, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{named} is set, but no model: set [A-Z]+_MODEL"):
        load(text, **variables)


@pytest.mark.parametrize(
    "url", ["host:8000", "ftp://host", "http://", "http://[::1", f"htp://user:{SECRET}@host"]
)
def test_an_address_that_is_none_is_refused_and_not_shown(load: Load, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^SYNTHESIZER_BASE_URL must look like") as error:
        load(SYNTHESIZER_MODEL="m", SYNTHESIZER_BASE_URL=url)
    assert SECRET not in str(error.value)


def test_all_that_can_change_an_answer_is_in_the_identity_and_the_address_is_not(load: Load) -> None:
    text = "models: {synthesizer: {revision: r1, temperature: 0.5, top_p: 0.9, seed: 3, timeout: 5}}"
    one = load(text, **OWN).synthesizer.identity()
    assert one == {"model": "gpt-x", "revision": "r1", "temperature": 0.5, "top_p": 0.9, "seed": 3}
    assert load(text, **OWN | {"SYNTHESIZER_BASE_URL": "http://other/v1"}).synthesizer.identity() == one


def test_there_is_an_embedder_only_where_one_is_named(load: Load) -> None:
    assert load().embedder is None
    assert load(**OWN).embedder is None
    found = load(EMBEDDING_MODEL="bge-m3", EMBEDDING_BASE_URL="http://host/v1", EMBEDDING_API_KEY=SECRET)
    embedder = found.embedder
    assert embedder is not None
    assert (embedder.model, embedder.base_url, embedder.api_key) == ("bge-m3", "http://host/v1", SECRET)
    assert SECRET not in repr(found)
    own = load("models: {embedder: {model: bge-m3, revision: r2, seed: 5}}", **OWN).embedder
    assert own is not None
    assert own.base_url == "https://api.openai.com/v1"
    assert own.identity() == {"model": "bge-m3", "revision": "r2"}
    with pytest.raises(SettingsError, match=r"^EMBEDDING_BASE_URL is set, but no model: set EMB"):
        load(EMBEDDING_BASE_URL="http://host/v1")


def test_the_embedder_is_asked_and_priced_only_for_names_that_the_model_decides(load: Load) -> None:
    prices = "prompt_usd_per_million: 1, completion_usd_per_million: 1"
    models = f"models: {{synthesizer: {{{prices}}}, embedder: {{model: bge-m3}}}}"
    assert load(f"{models}\nbudget_usd: 1", **OWN).name_embedder is None
    found = load(f"{models}\nentities: {{resolve: model}}", **OWN)
    assert found.name_embedder is found.embedder is not None
    with pytest.raises(SettingsError, match=r"models\.embedder\.prompt_usd_per_million"):
        load(f"{models}\nbudget_usd: 1\nentities: {{resolve: model}}", **OWN)


def test_a_secret_of_the_embedder_is_refused_with_the_name_of_its_variable(load: Load) -> None:
    with pytest.raises(SettingsError, match="put EMBEDDING_API_KEY") as error:
        load(f"models: {{embedder: {{api_key: {SECRET}}}}}")
    assert SECRET not in str(error.value)


def test_the_timeout_is_called_timeout(load: Load) -> None:
    assert load("models: {trainee: {timeout: 7}}").settings.models.trainee.timeout_s == 7.0
    with pytest.raises(SettingsError, match="did you mean 'timeout'"):
        load("models: {trainee: {timeuot: 7}}")


def test_prices_come_in_pairs(load: Load) -> None:
    with pytest.raises(SettingsError, match="given together"):
        load("models: {synthesizer: {prompt_usd_per_million: 1}}")


# The trainee


def test_an_own_synthesizer_alone_means_no_trainee(load: Load) -> None:
    assert load(**OWN).trainee is None


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {"TRAINEE_MODEL": LOCAL}),
        ("", {"TRAINEE_MODEL": "t", "TRAINEE_BASE_URL": "http://t/v1"}),
        (f"models: {{trainee: {{model: {LOCAL}}}}}", {}),
    ],
)
def test_a_trainee_that_is_named_is_examined(load: Load, text: str, variables: dict[str, str]) -> None:
    assert load(text, **OWN, **variables).trainee is not None


def test_a_key_alone_names_no_trainee(load: Load) -> None:
    assert load(**OWN, TRAINEE_API_KEY=SECRET).trainee is None


def test_a_trainee_that_is_switched_off_is_none(load: Load) -> None:
    assert load("comprehension: {enabled: false}").trainee is None
    assert (
        load("comprehension: {enabled: false}", TRAINEE_MODEL="t", TRAINEE_BASE_URL="http://t/v1").trainee
        is None
    )


# The graph


def test_the_graph_is_the_users_own_where_its_address_is_set(load: Load) -> None:
    found = load(NEO4J_URI="bolt://db:7687", NEO4J_PASSWORD=SECRET).graph
    assert found is not None
    assert (found.uri, found.username, found.password, found.database) == (
        "bolt://db:7687",
        "neo4j",
        SECRET,
        "neo4j",
    )
    assert load(NEO4J_PASSWORD=SECRET).graph is None


# GraphGen's block


def test_graphgens_traverse_strategy_is_accepted_as_it_is(load: Load) -> None:
    found = load(
        """
traverse_strategy:
  qa_form: atomic
  bidirectional: true
  edge_sampling: max_loss
  expand_method: max_width
  isolated_node_strategy: ignore
  max_depth: 5
  max_extra_edges: 20
  max_tokens: 256
  loss_strategy: only_edge
  difficulty_order: ["medium", "medium", "medium"]
"""
    ).settings
    strategy = found.traverse_strategy
    assert (strategy.expand_method, strategy.max_extra_edges, strategy.max_depth) == ("max_width", 20, 5)
    assert strategy.difficulty_order == ("medium", "medium", "medium")
    assert found.qa_forms == ("atomic",)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("traverse_strategy: {qa_form: open}", ("aggregated",)),
        ("traverse_strategy: {qa_form: multi_hop}\nqa: {forms: [atomic]}", ("multi_hop",)),
        ("qa: {forms: open}", ("aggregated",)),
        ("qa: {forms: [open, atomic, aggregated]}", ("aggregated", "atomic")),
        ("", ("atomic", "aggregated", "multi_hop")),
    ],
)
def test_the_forms_of_question_and_graphgens_names_for_them(
    load: Load, text: str, forms: tuple[str, ...]
) -> None:
    assert load(text).settings.qa_forms == forms


# Mistakes


@pytest.mark.parametrize(("most", "overlap"), [(1024, 100), (200, 100), (64, 32), (17, 8)])
def test_the_default_overlap_fits_into_a_chunk(load: Load, most: int, overlap: int) -> None:
    assert load(f"chunking: {{max_tokens: {most}}}").settings.chunking.overlap_tokens == overlap


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chunkin: {}", "unknown key 'chunkin': did you mean 'chunking'?"),
        (
            "chunking.max_tokens: 64",
            "unknown key 'chunking.max_tokens': a dot is a level in the file, so write "
            "chunking: {max_tokens: …}.",
        ),
        ("chunking: {max_token: 64}", "unknown key 'chunking.max_token': did you mean 'max_tokens'?"),
        ("models: {trainee: {Concurency: 3}}", "'models.trainee.Concurency': did you mean 'concurrency'?"),
        ("traverse_strategy: {max_extra_edge: 3}", "did you mean 'max_extra_edges'?"),
        ("max_gleanings: 1", "did you mean 'extraction.max_gleanings'?"),
        ("max_tokens: 1", "did you mean 'chunking.max_tokens' or 'traverse_strategy.max_tokens'?"),
        ("qa: {zzz: 1}", "unknown key 'qa.zzz': known keys are forms."),
        ("chunking: {max_tokens: many}", "chunking.max_tokens: Input should be a valid integer"),
        ("chunking: {max_tokens: 1}", "greater than or equal to 16"),
        ("chunking: {max_tokens: 64, overlap_tokens: 33}", "overlap_tokens (33) must be at most half"),
        ("chunking: {strategy: sentences}", "'structure', 'recursive', 'tokens' or 'separator'"),
        ("chunking: {strategy: separator}", "strategy separator needs the text to cut at"),
        ("chunking: {separator: '---'}", "strategy structure does not use it"),
        (r"chunking: {strategy: separator, separator: '\n'}", "between double quotation marks"),
        ("chunking: 5", "chunking must hold keys and values"),
        ("models: {synthesizer: gpt}", "models.synthesizer must hold keys and values"),
        ("traverse_strategy: {edge_sampling: most}", "'max_loss', 'min_loss' or 'random'"),
        ("traverse_strategy: {difficulty_order: [easy, hard]}", "has 3 entries"),
        ("qa: {forms: [poem]}", "qa.forms.0: Input should be 'atomic', "),
        ("qa: {forms: [{a: b}]}", "qa.forms.0"),
        ("qa: {forms: []}", "qa.forms needs at least 1 in its list"),
        ("extraction: {entity_types: person}", "extraction.entity_types must be a list, such as [one, two]"),
        ("extraction: {entity_types: [person, ' ']}", "an entity type is empty"),
        ("extraction: {language: Chinese}", "such as en, zh or de"),
        ("documents: {encodings: [utf-9]}", "'utf-9' is no encoding"),
        ("comprehension: {min_mass: 2}", "comprehension.min_mass"),
        ("budget_usd: 0", "budget_usd"),
        ("1: 2", "Keys should be strings"),
        ("- a", "must hold keys and values"),
        ("just text", "must hold keys and values"),
        ("documents: 2024-13-45", "cannot be read as YAML"),
        ("a: b: c", "cannot be read as YAML (line 1, column 5: mapping values are not allowed here)"),
        ("a: *b", "cannot be read as YAML"),
        (
            "qa: {forms: [atomic]}\nexport:\n  max_share: 1\n  max_share: 0.5",
            "cannot be read as YAML (line 4, column 3: the key 'max_share' stands twice)",
        ),
        ("a: " + "[" * 1000, "cannot be read as YAML"),
        ("!!python/object/apply:os.getcwd []", "cannot be read as YAML"),
        ("a: &a {b: *a}", "unknown key 'a'"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_place(load: Load, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "# only a comment", "extraction:\n", "models:\n  synthesizer:\n  trainee:\n", "\ufeff"]
)
def test_an_empty_file_or_section_means_the_defaults(load: Load, text: str) -> None:
    assert load(text).settings == Settings()


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist: check --config"):
        read_settings(tmp_path / "other.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SettingsError, match="it is not UTF-8"):
        read_settings(tmp_path / "a.yaml")
    with pytest.raises(SettingsError, match="directory"):
        read_settings(tmp_path)


def test_entity_types_are_distinct_and_stripped(load: Load) -> None:
    assert load("extraction: {entity_types: [gene, ' gene ', 蛋白质]}").settings.extraction.entity_types == (
        "gene",
        "蛋白质",
    )


# Secrets


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        (f"models: {{synthesizer: {{api_key: {SECRET}}}}}", "SYNTHESIZER_API_KEY"),
        (f"models: {{trainee: {{apiKey: {SECRET}}}}}", "TRAINEE_API_KEY"),
        (f"models: {{trainee: {{key: {SECRET}}}}}", "TRAINEE_API_KEY"),
        (f"models: {{api-key: {SECRET}}}", "SYNTHESIZER_API_KEY"),
        (f"api_key: {SECRET}", "SYNTHESIZER_API_KEY"),
        (f"neo4j: {{password: {SECRET}}}", "NEO4J_PASSWORD"),
        (f"models: {{synthesizer: {{base_url: 'http://user:{SECRET}@host/v1'}}}}", "SYNTHESIZER_BASE_URL"),
    ],
)
def test_a_secret_in_the_file_is_refused_with_the_place_for_it_and_not_echoed(
    load: Load, text: str, variable: str
) -> None:
    with pytest.raises(SettingsError) as error:
        load(text)
    assert variable in str(error.value)
    assert "in a configuration file" in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f"models:\n  synthesizer:\n    api_key: '{SECRET}\n",
        f"models:\n  synthesizer:\n    api_key: sk: {SECRET}\n",
        f"models: {{synthesizer: {{concurrency: {SECRET}}}}}",
        f"models: {{synthesizer: {{apikeyy: {SECRET}}}}}",
        f"models: {{synthesizer: {SECRET}}}",
        f"extraction: {{language: {SECRET}}}",
        f"? [{SECRET}]\n: 1",
    ],
)
def test_no_mistake_echoes_what_may_be_a_secret(load: Load, text: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(text)
    shown = [str(error.value), repr(error.value), repr(error.value.__cause__)]
    assert all(SECRET not in each for each in shown)
    assert error.value.__suppress_context__


def test_a_configuration_never_shows_a_secret(load: Load) -> None:
    found = load(
        SYNTHESIZER_MODEL="m",
        SYNTHESIZER_BASE_URL=f"http://user:{SECRET}@host/v1",
        SYNTHESIZER_API_KEY=SECRET,
        TRAINEE_MODEL="t",
        TRAINEE_API_KEY=SECRET,
        NEO4J_URI=f"bolt://user:{SECRET}@db",
        NEO4J_PASSWORD=SECRET,
    )
    assert SECRET not in repr(found)
    assert SECRET not in str(found)
    assert SECRET not in repr(found.synthesizer.identity())
