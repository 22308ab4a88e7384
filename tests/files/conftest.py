"""Photos that tests of files begin with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from file_helpers import photo_of_scene

from llflow_photo.photo import Metadata, Photo


@pytest.fixture
def photo() -> Photo:
    return photo_of_scene()


@pytest.fixture
def bare_photo() -> Photo:
    return replace(photo_of_scene(), metadata=Metadata())
