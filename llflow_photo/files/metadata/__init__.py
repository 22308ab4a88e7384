"""EXIF, XMP, sidecars, orientation: what is carried from a photo to its rendering."""
