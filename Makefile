# Short names for the scripts; each creates the environment it needs.
.PHONY: demo test check docs oldest napari-versions

demo:
	sh scripts/demo.sh
test:
	sh scripts/test.sh
check:
	sh scripts/check.sh
docs:
	sh scripts/docs.sh
oldest:
	sh scripts/test_oldest.sh
napari-versions:
	sh scripts/test_napari_versions.sh
