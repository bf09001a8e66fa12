"""Moved to resources.settings."""

from resources.settings import *  # noqa: F403
