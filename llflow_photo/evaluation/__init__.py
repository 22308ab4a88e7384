"""How good a rendering is: metrics, and their tables over folders of pairs."""
