"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("data", "geo", "solar", "heating")
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages([package], prefix=f"{package}.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", [*MODULES, "ui.texts"])
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"pd": importlib.import_module("pandas")}).failed == 0
