"""Every error a user can cause has a name here; messages say what was given and what to do."""

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
    """Base of all errors this package raises on purpose."""


class OptionError(LLFlowPhotoError, ValueError):
    """An option has a value it cannot have."""


class ImageInputError(LLFlowPhotoError, ValueError):
    """An array given as an image has the wrong shape, type or values."""


class ReadError(LLFlowPhotoError, OSError):
    """A photo cannot be read: missing, truncated, broken."""


class FormatError(ReadError):
    """A file is no photo of a kind that can be read."""


class WriteError(LLFlowPhotoError, OSError):
    """A result cannot be written."""


class OutputExistsError(WriteError):
    """A file is where a result was to go, and it is not this program's result of the same photo."""


class EmptyFolderError(LLFlowPhotoError):
    """A folder holds no photos."""


class ModelNotFoundError(LLFlowPhotoError, LookupError):
    """There is no model of that name."""


class CheckpointError(LLFlowPhotoError):
    """A file of weights is not what was asked for."""


class DeviceError(LLFlowPhotoError):
    """The device asked for is not there, or ran out of memory for the smallest tile."""


class NonFiniteOutputError(LLFlowPhotoError):
    """The network gave values that are not finite; nothing was written."""


class TrainingDataError(LLFlowPhotoError):
    """Pairs to train or evaluate on are missing or do not fit together."""


class CancelledError(LLFlowPhotoError):
    """The caller's cancel callable said so."""


class BatchError(LLFlowPhotoError):
    """A batch cannot run: its folders do not fit, or another batch is at work there."""


class WorkerError(LLFlowPhotoError):
    """The processes that do a batch's work cannot be started, or died."""
