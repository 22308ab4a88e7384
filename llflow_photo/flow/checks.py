"""Checks of the tensors that callers give to the network; they read shapes and types, never values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import ImageInputError
from .sizes import Size

__all__ = ["check_image", "check_latent", "check_reference"]

_IMAGE = "N x 3 x H x W"
_RANGE = " in [0, 1]"


def check_image(name: str, image: Tensor, network: nn.Module) -> None:
    """Check that a tensor is a batch of images for a network.

    Args:
        name: of the tensor, for the message.
        image: N x 3 x H x W, of the type of the network's weights.

    Raises:
        ImageInputError: it is not.
    """
    _check_type(name, image, network, _IMAGE, _RANGE)
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise ImageInputError(f"the {name} has shape {_shape(image)}; give {_IMAGE}{_hint(name, image)}")


def check_reference(reference: Tensor, color_map: Tensor, network: nn.Module) -> None:
    """Check that a tensor is a batch of images for the conditioning of dark photos.

    Args:
        reference: M x 3 x H x W, where M or N may be 1.
        color_map: of the conditioning, N x 3 x H' x W'.

    Raises:
        ImageInputError: it is not.
    """
    check_image("reference", reference, network)
    height, width = (side + -side % Size.MULTIPLE for side in reference.shape[2:])
    _check_count("reference", reference, color_map)
    if (height, width) != tuple(color_map.shape[2:]):
        raise ImageInputError(
            f"the reference has shape {_shape(reference)}, but the encoded photos, padded to multiples of "
            f"{Size.MULTIPLE}, have shape {_shape(color_map)}; give references of the size of the photos"
        )


def check_latent(latent: Tensor, color_map: Tensor, network: nn.Module) -> None:
    """Check that a tensor is a batch of latents for the conditioning of dark photos.

    Args:
        latent: M x 192 x H'/8 x W'/8, where N is 1 or M.
        color_map: of the conditioning, N x 3 x H' x W'.

    Raises:
        ImageInputError: it is not.
    """
    height, width = (side // Size.MULTIPLE for side in color_map.shape[2:])
    wanted = (3 * Size.MULTIPLE**2, height, width)
    shape = " x ".join(map(str, ("N", *wanted)))
    _check_type("latent", latent, network, shape)
    if latent.ndim != 4 or tuple(latent.shape[1:]) != wanted or not len(latent):
        raise ImageInputError(f"the latent has shape {_shape(latent)}; give {shape}")
    _check_count("latent", latent, color_map, expanded=False)


def _check_type(name: str, given: object, network: nn.Module, shape: str, values: str = "") -> None:
    if not isinstance(given, Tensor):
        raise ImageInputError(f"the {name} is of type {type(given).__name__}; give a tensor of {shape}")
    wanted = next(network.parameters()).dtype
    if given.dtype == wanted or _is_cast(given):
        return
    hint = "; divide by the white level" if values and not given.is_floating_point() else ""
    raise ImageInputError(f"the {name} has dtype {given.dtype}; give {wanted}{values}{hint}")


def _is_cast(given: Tensor) -> bool:
    """Whether autocast converts a tensor for each operation."""
    is_small = given.is_floating_point() and given.dtype != torch.float64
    return is_small and torch.is_autocast_enabled(given.device.type)


def _check_count(name: str, given: Tensor, color_map: Tensor, expanded: bool = True) -> None:
    """Check the number of tensors; any number is valid for one photo.

    Args:
        expanded: whether one is valid for several photos.
    """
    photos, count = len(color_map), len(given)
    if photos not in (1, count) and not (expanded and count == 1):
        raise ImageInputError(
            f"the number of {name}s is {count}, but {photos} photos were encoded; give one for each photo"
        )


def _shape(given: Tensor) -> str:
    return " x ".join(map(str, given.shape)) or "of a single number"


def _hint(name: str, image: Tensor) -> str:
    """How to convert images in another common layout."""
    if image.ndim == 3 and image.shape[2] == 3:
        return f": {name}.permute(2, 0, 1)[None]"
    if image.ndim == 3 and image.shape[0] == 3:
        return f": {name}[None]"
    if image.ndim == 4 and image.shape[3] == 3:
        return f": {name}.permute(0, 3, 1, 2)"
    return ""
