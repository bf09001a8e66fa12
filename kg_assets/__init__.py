"""The pipeline's stages, one folder per asset group; nothing here knows how it is launched."""
