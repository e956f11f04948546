"""Tests of the answers on the table."""
