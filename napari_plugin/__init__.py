"""The napari plugin: open a night photo, explore its renderings, save the one that is liked."""
