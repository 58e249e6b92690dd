"""Tables that a module builds while it is loaded, built once more so that a test sees how it is done."""

from importlib.util import find_spec, module_from_spec
from types import ModuleType


def anew(name: str) -> ModuleType:
    """Load a module a second time, beside the one everybody uses."""
    spec = find_spec(name)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
