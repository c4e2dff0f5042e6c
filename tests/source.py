"""Reads a Python file for the laws of the architecture: every outside name that it imports, refers to or calls."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

#: A line and what is on it: a dotted name, or a complaint.
Found = tuple[int, str]


@dataclass(frozen=True)
class Source:
    """One file: `path` from the top of the checkout with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        """Dotted name: broadcaster/store/__init__.py is broadcaster.store."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> list[str]:
        """What a relative import with one dot starts from, in parts."""
        parts = self.module.split(".")
        return parts if self.path.endswith("__init__.py") else parts[:-1]

    @cached_property
    def imports(self) -> tuple[Found, ...]:
        """Every imported module or name in full, wherever the import stands; importlib's with a literal name too."""
        return tuple((line, full) for line, full, _, _ in self._bindings())

    @cached_property
    def names(self) -> tuple[Found, ...]:
        """`imports`, and each use of an imported name in full: after `import os as o`, `o.environ["X"]` is os.environ.

        Builtins that are called by name are builtins.<name>.
        """
        known = {bound: meant for _, _, bound, meant in self._bindings() if bound}
        return (*self.imports, *self._uses(known))

    def _bindings(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield (line, full name, the name that it binds here, what that name then means)."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Import():
                    for each in node.names:
                        top = each.name.partition(".")[0]
                        bound, meant = (each.asname, each.name) if each.asname else (top, top)
                        yield node.lineno, each.name, bound, meant
                case ast.ImportFrom():
                    base = self.package[: len(self.package) - node.level + 1] if node.level else []
                    for each in node.names:
                        full = ".".join([*base, *(node.module.split(".") if node.module else []), each.name])
                        yield node.lineno, full, each.asname or each.name, full
                case ast.Call(
                    func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(full)), *_]
                ):
                    if name in ("import_module", "__import__"):
                        yield node.lineno, full, "", ""

    def _uses(self, known: dict[str, str]) -> Iterator[Found]:
        inner: set[ast.AST] = set()
        # ast.walk meets the outermost attribute of a chain first.
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and node not in inner:
                attributes: list[str] = []
                root: ast.expr = node
                while isinstance(root, ast.Attribute):
                    inner.add(root)
                    attributes.insert(0, root.attr)
                    root = root.value
                if isinstance(root, ast.Name) and root.id in known:
                    yield node.lineno, ".".join([known[root.id], *attributes])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in known:
                yield node.lineno, f"builtins.{node.func.id}"

    def calls(self, *methods: str) -> Iterator[Found]:
        """Calls of a method by one of these names, on whatever object."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
                yield node.lineno, f".{node.func.attr}()"
