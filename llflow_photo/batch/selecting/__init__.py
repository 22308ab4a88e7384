"""Which photos a batch takes, the names of their outputs, and the tasks."""
