"""Exceptions for errors that users can cause; messages say what was given and what to do."""

from __future__ import annotations

__all__ = [
    "BatchError",
    "CancelledError",
    "CheckpointError",
    "DeviceError",
    "EmptyFolderError",
    "FormatError",
    "ImageInputError",
    "LLFlowPhotoError",
    "ModelNotFoundError",
    "NonFiniteOutputError",
    "OptionError",
    "OutputExistsError",
    "ReadError",
    "TrainingDataError",
    "WorkerError",
    "WriteError",
]


class LLFlowPhotoError(Exception):
    """Base class of all exceptions of this package."""


class OptionError(LLFlowPhotoError, ValueError):
    """An option has an invalid value."""


class ImageInputError(LLFlowPhotoError, ValueError):
    """An array given as an image has an invalid shape, type or value."""


class ReadError(LLFlowPhotoError, OSError):
    """A photo cannot be read: it is missing, truncated or damaged."""


class FormatError(ReadError):
    """A file is not a photo in a supported format."""


class WriteError(LLFlowPhotoError, OSError):
    """A result cannot be written."""


class OutputExistsError(WriteError):
    """The output file exists, and it is not a result of this program for the same photo."""


class EmptyFolderError(LLFlowPhotoError):
    """A folder contains no photos."""


class ModelNotFoundError(LLFlowPhotoError, LookupError):
    """A model does not exist."""


class CheckpointError(LLFlowPhotoError):
    """A file of weights is damaged or does not match."""


class DeviceError(LLFlowPhotoError):
    """The device is not available, or its memory does not suffice for the smallest tile."""


class NonFiniteOutputError(LLFlowPhotoError):
    """The output of the network contains values that are not finite; nothing was written."""


class TrainingDataError(LLFlowPhotoError):
    """Pairs for training or evaluation are missing or do not match."""


class CancelledError(LLFlowPhotoError):
    """The ``cancel`` callable returned True."""


class BatchError(LLFlowPhotoError):
    """A batch cannot run: its folders are unsuitable, or another batch is writing to the output folder."""


class WorkerError(LLFlowPhotoError):
    """The worker processes of a batch cannot be started, or died."""
