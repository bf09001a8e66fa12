"""Where files that all workspaces of one user share are kept. Nothing of a workspace belongs here."""

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "GRAPHTUTOR_CACHE"


def user_cache_folder() -> Path:
    """The absolute path of the user's cache folder, which need not exist: `GRAPHTUTOR_CACHE`, or the
    platform's.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    folder = Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("graphtutor"))
    return folder.absolute()
