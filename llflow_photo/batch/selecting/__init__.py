"""Which photos a batch takes, where their outputs go, and what is to do for each."""
