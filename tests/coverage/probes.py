"""Contracts compiled so that they leave a trace of which statements ran and which way each branch went, on any EVM, in any call.

A probe is `PUSH3 address, BALANCE, POP`: asking for the balance of an account of its own puts this account among those that the machine has
loaded, also in a static call and in one that reverts, and changes nothing else. Probes stand at the start of every basic block and on both
ways of every conditional jump. They are put into the assembly, before labels become numbers, of a build without any optimisation, so that
every instruction still belongs to the statement that it was written in.
"""

import json
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Addresses of probes: FIRST + number. Three bytes, away from precompiled contracts and from the roles of tests.
FIRST = 0xC00000
PLAIN = {"experimental_codegen": False, "optimize": "none"}


@dataclass(frozen=True, slots=True)
class Place:
    """A statement or a branch in the sources: file, first line, and for a branch its column and kind."""

    file: str
    line: int
    column: int = 0
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column} {self.kind}" if self.kind else "")


@dataclass
class Table:
    """What each probe proves when it was seen: statements that ran, and ways (True or False) that branches went."""

    statements: dict[int, set[Place]] = field(default_factory=dict)
    ways: dict[int, tuple[Place, bool]] = field(default_factory=dict)
    checks: dict[int, tuple[Place, bool]] = field(default_factory=dict)
    count: int = 0

    def new(self) -> int:
        """The next probe."""
        self.count += 1
        return self.count - 1

    def to_json(self) -> str:
        def plain(place: Place) -> list[Any]:
            return [place.file, place.line, place.column, place.kind]

        return json.dumps(
            {
                "count": self.count,
                "statements": {probe: [plain(place) for place in places] for probe, places in self.statements.items()},
                "ways": {probe: [*plain(place), way] for probe, (place, way) in self.ways.items()},
                "checks": {probe: [*plain(place), way] for probe, (place, way) in self.checks.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Table":
        found = json.loads(text)
        return cls(
            {int(probe): {Place(*place) for place in places} for probe, places in found["statements"].items()},
            {int(probe): (Place(*row[:4]), row[4]) for probe, row in found["ways"].items()},
            {int(probe): (Place(*row[:4]), row[4]) for probe, row in found["checks"].items()},
            found["count"],
        )


class Inherited:
    """Stands for the source node of code that has none of its own: that of the code around it."""

    node_id = 0

    def __init__(self, node: Any) -> None:
        self.node = node

    def get_original_node(self) -> Any:
        return self.node


def inherit(code: Any, around: Inherited | None = None) -> None:
    """Let every piece of intermediate code belong to the statement around it.

    A literal's code has no source node, and the compiler shares one piece of code among all places that name a variable, with the node
    of the last of them: such a piece is copied for each place.
    """
    if is_statement(code.ast_source):
        around = Inherited(code.ast_source)
    for at, part in enumerate(code.args):
        if around is not None and not is_statement(part.ast_source) and _statement_of(part.ast_source) is not around.node:
            part = copy(part)
            part.args = list(part.args)
            part.ast_source = around
            code.args[at] = part
        inherit(part, around)


def _statement_of(node: Any) -> Any:
    if isinstance(node, Inherited):
        return node.node
    while node is not None and not is_statement(node):
        node = node._parent
    return node


class Instrumenter:
    """Puts probes into the assembly of one contract."""

    def __init__(self, table: Table, contracts: Path) -> None:
        self.table = table
        self.contracts = contracts

    def instrument(self, assembly: list[Any]) -> list[Any]:
        """The same program with probes; nested code, which is what a constructor deploys, included."""
        from vyper.ir.compile_ir import DataHeader, RuntimeHeader, mksymbol

        out: list[Any] = []
        detours: list[Any] = ["INVALID"]
        probe = self._begin(out)
        for at, item in enumerate(assembly):
            if isinstance(item, list):
                if detours:
                    out += detours
                    detours = []
                out.append([item[0], *self.instrument(item[1:])] if isinstance(item[0], RuntimeHeader) else item)
                assert isinstance(item[0], DataHeader | RuntimeHeader)
                continue
            self._note(probe, item)
            if item == "JUMPI":
                place, jumped = self._branch(item)
                ways = self.table.ways if place and place.kind else self.table.checks
                if isinstance(assembly[at - 1], str) and assembly[at - 1].startswith("_sym_"):
                    label, target = mksymbol("taken"), out.pop()
                    out += [label, item]
                    taken = self._probe(detours, label)
                    detours += [target, "JUMP"]
                    if place:
                        ways[taken] = place, jumped
                else:
                    out.append(item)
                probe = self._begin(out)
                if place:
                    ways[probe] = place, not jumped
                continue
            out.append(item)
            if item == "JUMPDEST":
                probe = self._begin(out)
        return out + detours

    def _begin(self, out: list[Any]) -> int:
        return self._probe(out, "")

    def _probe(self, out: list[Any], label: str) -> int:
        probe = self.table.new()
        self.table.statements[probe] = set()
        out += [label, "JUMPDEST"] if label else []
        out += ["PUSH3", *(FIRST + probe).to_bytes(3, "big"), "BALANCE", "POP"]
        return probe

    def _note(self, probe: int, item: Any) -> None:
        node = getattr(item, "ast_source", None)
        if node is not None and (place := self._statement(node.node if isinstance(node, Inherited) else node)):
            self.table.statements[probe].add(place)

    def _statement(self, node: Any) -> Place | None:
        from vyper import ast as vy_ast

        while node is not None and not is_statement(node):
            if isinstance(node, vy_ast.FunctionDef | vy_ast.Module):
                return None
            node = node._parent
        return Place(self._file(node), node.lineno) if node is not None and self._file(node) else None

    def _branch(self, item: Any) -> tuple[Place | None, bool]:
        """Where a conditional jump comes from, and what it means when it jumps.

        The place has no kind if the compiler made the check (overflow, answers, locks). A jump leads over what is done when a condition
        holds, but for an assertion: one with a text jumps over the refusal, one without jumps to it.
        """
        node = getattr(item, "ast_source", None)
        kind = type(node).__name__ if isinstance(node, branching()) else ""
        node = node.node if isinstance(node, Inherited) else node
        if node is None or not self._file(node):
            return None, True
        return Place(self._file(node), node.lineno, node.col_offset, kind), kind == "Assert" and node.msg is not None

    def _file(self, node: Any) -> str:
        """Path below the contracts; empty for what the compiler made up."""
        path = Path(node.module_node.resolved_path) if node.module_node is not None else Path()
        return str(path.relative_to(self.contracts)) if path.is_relative_to(self.contracts) else ""


def is_statement(node: Any) -> bool:
    """Whether a node of the syntax is a statement in a function's body, docstrings aside."""
    from vyper import ast as vy_ast

    kinds = (vy_ast.Assign, vy_ast.AnnAssign, vy_ast.AugAssign, vy_ast.Expr, vy_ast.Return, vy_ast.If, vy_ast.For, vy_ast.Assert)
    return isinstance(node, (*kinds, vy_ast.Raise, vy_ast.Log, vy_ast.Continue, vy_ast.Break))


def written(file: Path, name: str) -> tuple[set[Place], set[Place]]:
    """Every statement of a file's functions by its first line, and every branch that somebody wrote."""
    from vyper import ast as vy_ast

    statements, branches = set(), set()
    for function in vy_ast.parse_to_ast(file.read_text()).get_children(vy_ast.FunctionDef):
        for node in function.get_descendants():
            # The variable of a loop is declared by the loop.
            if is_statement(node) and node is not getattr(node._parent, "target", None):
                statements.add(Place(name, node.lineno))
            if isinstance(node, branching()):
                branches.add(Place(name, node.lineno, node.col_offset, type(node).__name__))
    return statements, branches


def branching() -> tuple[type, ...]:
    """Nodes of the syntax that go one of two ways. A loop that is never left early goes both."""
    from vyper import ast as vy_ast

    return (vy_ast.If, vy_ast.Assert, vy_ast.IfExp, vy_ast.BoolOp)
