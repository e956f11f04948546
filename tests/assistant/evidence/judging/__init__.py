"""Tests of a model that judges."""
