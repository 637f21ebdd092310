"""Packages that a machine may lack: what needs them is left out, but where nothing may be."""

import importlib.util
import os

import pytest


def needs(package: str, requirements: str):
    """A mark for tests that need a package."""
    is_there = importlib.util.find_spec(package) is not None
    may_be_left_out = not os.environ.get("LLM_GATEWAY_TEST_ALL")
    return pytest.mark.skipif(not is_there and may_be_left_out, reason=f"needs {package}: see {requirements}")
