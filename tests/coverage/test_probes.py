"""Probes say which statements of a contract ran and which way its branches went, in refused calls and in static ones too."""

from pathlib import Path

import pytest

from tests.coverage.probes import FIRST, PLAIN, Instrumenter, Place, Table, inherit, written

SOURCE = """# pragma version 0.4.3
@external
@view
def rule(x: uint256) -> uint256:
    assert x > 0, "rule: x is zero"
    assert x != 7
    if x > 10 or x == 5:
        return 1
    return 2 if x == 3 else x
"""
CALLER = "0x" + "a1" * 20


def seen(tmp_path: Path, *inputs: int) -> tuple[set[int], set[tuple[str, int, bool]]]:
    """Lines that ran and ways that went, when the rule is asked for these inputs."""
    pytest.importorskip("vyper", reason="the compiler is a development dependency")
    from pyrevm import EVM
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.phases import CompilerData
    from vyper.compiler.settings import OptimizationLevel, Settings, anchor_settings
    from vyper.ir.compile_ir import assembly_to_evm

    (tmp_path / "rule.vy").write_text(SOURCE)
    bundle, table = FilesystemInputBundle([tmp_path]), Table()
    settings = Settings(evm_version="cancun", optimize=OptimizationLevel.from_string(PLAIN["optimize"]))
    data = CompilerData(bundle.load_file("rule.vy"), bundle, settings=settings, no_bytecode_metadata=True)
    with anchor_settings(data.settings):
        inherit(data.ir_nodes)
        code = assembly_to_evm(Instrumenter(table, tmp_path).instrument(data.assembly))[0]
    machine = EVM(gas_limit=10**7, spec_id="CANCUN")
    address = machine.deploy(CALLER, code)
    selector = bytes.fromhex(data.function_signatures["rule"].method_ids["rule(uint256)"].to_bytes(4, "big").hex())
    for x in inputs:
        try:
            machine.message_call(CALLER, address, selector + x.to_bytes(32, "big"), is_static=True)
        except RuntimeError:
            assert x in (0, 7)
    table = Table.from_json(table.to_json())
    hits = {int(found, 16) - FIRST for found in machine.db_accounts}
    lines = {place.line for probe, places in table.statements.items() if probe in hits for place in places}
    return lines, {(place.kind, place.line, way) for probe, (place, way) in table.ways.items() if probe in hits}


@pytest.mark.parametrize(
    ("x", "lines", "ways"),
    [
        (0, {5}, {("Assert", 5, False)}),
        (7, {5, 6}, {("Assert", 5, True), ("Assert", 6, False)}),
        (11, {5, 6, 7, 8}, {("Assert", 5, True), ("Assert", 6, True), ("BoolOp", 7, True), ("If", 7, True)}),
        (5, {5, 6, 7, 8}, {("Assert", 5, True), ("Assert", 6, True), ("BoolOp", 7, False), ("If", 7, True)}),
        (3, {5, 6, 7, 9}, {("Assert", 5, True), ("Assert", 6, True), ("BoolOp", 7, False), ("If", 7, False), ("IfExp", 9, True)}),
        (4, {5, 6, 7, 9}, {("Assert", 5, True), ("Assert", 6, True), ("BoolOp", 7, False), ("If", 7, False), ("IfExp", 9, False)}),
    ],
)
def test_what_ran_is_seen_and_nothing_else(tmp_path: Path, x: int, lines: set[int], ways: set[tuple[str, int, bool]]) -> None:
    """For each path through the rule."""
    assert seen(tmp_path, x) == (lines, ways)


def test_what_is_written_is_what_can_be_seen(tmp_path: Path) -> None:
    """Every statement and branch of the source has its probes, and all inputs together go every way."""
    lines, ways = seen(tmp_path, 0, 7, 11, 5, 3, 4)
    statements, branches = written(tmp_path / "rule.vy", "rule.vy")
    assert statements == {Place("rule.vy", line) for line in lines}
    assert {(place.kind, place.line, way) for place in branches for way in (True, False)} == ways
