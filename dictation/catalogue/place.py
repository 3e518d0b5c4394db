"""Where downloaded models are."""

from pathlib import Path

import platformdirs


def models_folder() -> Path:
    """The folder of downloaded models, in the platform's folder for a program's data."""
    return platformdirs.user_data_path("dictation") / "models"
