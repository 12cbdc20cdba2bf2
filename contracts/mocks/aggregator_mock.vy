# pragma version 0.4.3
"""
@title A price feed that anybody can set, and make fail
@license MIT
@notice Modes: 0 answers 160 bytes; 1 reverts; 2 answers 159 bytes; 3 answers 192 bytes; 4 burns all gas. The numbers of rounds, which
    nobody should look at, are not even of their type.
"""

MODE_REVERT: constant(uint256) = 1
MODE_SHORT: constant(uint256) = 2
MODE_LONG: constant(uint256) = 3
MODE_BURN: constant(uint256) = 4

decimals: public(immutable(uint256))
mode: public(uint256)
answer: public(int256)
updated_at: public(uint256)


@deploy
def __init__(decimals_: uint256):
    decimals = decimals_


@external
def set(mode: uint256, answer: int256, updated_at: uint256):
    self.mode = mode
    self.answer = answer
    self.updated_at = updated_at


@external
@view
@raw_return
def latestRoundData() -> Bytes[192]:
    assert self.mode != MODE_REVERT, "aggregator mock: fails"
    if self.mode == MODE_BURN:
        raise UNREACHABLE
    words: Bytes[160] = abi_encode(max_value(uint256), self.answer, empty(uint256), self.updated_at, empty(uint256))
    if self.mode == MODE_SHORT:
        return slice(words, 0, 159)
    if self.mode == MODE_LONG:
        return concat(words, empty(bytes32))
    return words
