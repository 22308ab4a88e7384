"""TIFF: its structure, its pages and pixels of any depth, read and written."""
