"""The napari plugin: open a night photo, explore its renderings, save a result."""
