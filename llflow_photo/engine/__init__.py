"""Rendering photos of any size: tiles, latent noise, inference form of the network, device and memory."""

from .enhancer import Enhancer
from .latent import AnyLatent, Blend, Latent, around, interpolate
from .scene import Scene

__all__ = ["AnyLatent", "Blend", "Enhancer", "Latent", "Scene", "around", "interpolate"]
