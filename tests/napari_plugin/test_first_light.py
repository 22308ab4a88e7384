def test_preview_appears(widget):
    r = widget.preview.rendering
    assert r.image.shape == (120, 160, 3)
