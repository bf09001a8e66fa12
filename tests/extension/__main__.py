"""The command line with one thing more of each kind, each added to its table as a line would be. It must be
there before the table is read: a new line is there from the start."""

import kg_assets.export.formats.table as formats
import kg_assets.ingest.formats.table as readers
import kg_assets.quality.gates.table as gates
import kg_assets.synthesis.forms.table as forms
from tests.extension.cards import CARDS
from tests.extension.definition import DEFINITION
from tests.extension.ini import INI
from tests.extension.plain import PLAIN
from tests.extension.same_answer import SAME_ANSWER

readers.READERS = (*readers.READERS, INI)
forms.FORMS = (*forms.FORMS, DEFINITION)
gates.GATES = (*gates.GATES, PLAIN, SAME_ANSWER)
formats.FORMATS = (*formats.FORMATS, CARDS)

if __name__ == "__main__":
    from dagster_project.cli import main

    main()
