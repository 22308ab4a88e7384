"""Shared parts of the findings: held-out photos, statistics, tables and plots."""
