"""Which corpora there are: folders of documents, and what the workspace holds of folders that are gone."""

from kg_assets.ingest.corpora import scan_corpora
from resources.errors import SettingsError
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench


def corpora_to_run(workbench: Workbench, wanted: str | None) -> list[str]:
    """The `wanted` corpus, or all: those with files, and those whose folder is gone but whose rows are not.

    Raises:
        SettingsError: there are no documents at all (perhaps the wrong folder, so nothing is emptied unless
            its corpus is `wanted`), or no such corpus.
    """
    root = workbench.documents_root()
    on_disk = set(scan_corpora(root, workbench.configuration().source_corpora))
    gone = {
        name for name in stored_corpora(workbench) if name not in on_disk and _holds_rows(workbench, name)
    }
    if not on_disk and wanted not in gone:
        kept = (
            f" What the workspace holds of {', '.join(sorted(gone))} is kept; if those documents are meant "
            "to be gone, run with --corpus NAME to take their facts and pairs out."
            if gone
            else ""
        )
        raise SettingsError(
            f"There are no documents in {root}: put .pdf, .docx, .md or .txt files there, or name another "
            f"folder with --documents.{kept}"
        )
    if not root.exists():  # there are sources elsewhere: that is no reason to empty what is not found here
        gone &= {wanted}
    return _chosen(sorted(on_disk | gone), wanted)


def corpora_to_show(workbench: Workbench, wanted: str | None) -> list[str]:
    """The `wanted` corpus, or all that were ever run or could be.

    Raises:
        SettingsError: there is none, or no such corpus.
    """
    root, sourced = workbench.documents_root(), workbench.configuration().source_corpora
    found = {*stored_corpora(workbench), *(scan_corpora(root, sourced) if root.exists() or sourced else ())}
    if not found:
        raise SettingsError("There is nothing yet: put documents into a folder and call graphtutor run.")
    return _chosen(sorted(found), wanted)


def stored_corpora(workbench: Workbench) -> list[str]:
    """Corpora with a warehouse file."""
    return sorted(path.stem for path in workbench.layout.warehouse("any").parent.glob("*.duckdb"))


def _holds_rows(workbench: Workbench, corpus: str) -> bool:
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    return bool(warehouse.scalar("SELECT count(*) FROM current_items WHERE stage = 'documents'"))


def _chosen(known: list[str], wanted: str | None) -> list[str]:
    if wanted is None:
        return known
    if wanted not in known:
        raise SettingsError(f"There is no corpus {wanted!r}: there is {', '.join(known)}.")
    return [wanted]
