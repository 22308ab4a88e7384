"""Formats that Pillow decodes or encodes: JPEG, PNG, WebP, HEIC, AVIF, JPEG XL, and others."""
