// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Rules} from "./Rules.sol";

/// Laws proved for every value of the words named, on the compiled code. The bound of a word stands in the type of its argument.
/// What no solver answered within a minute or two is left to tests/fuzz: quotients (even of words of 8 bits) and whole sales.
contract RulesProof is Rules {
    uint256 constant WAD = 1e18;

    /// A clock never runs longer than its timeout, and counts nothing while it stands.
    function check_elapsed_is_within_the_timeout(uint256 since, uint256 timeout, uint256 time) public view {
        vm.assume(since <= time);
        uint256 ran = rules.elapsed(since, timeout, time);
        assert(ran <= timeout && ran <= time);
        assert(since != 0 || ran == 0);
    }

    /// A clock that starts does so now or has run already, and never reads zero once time has begun.
    function check_started_is_now_or_before(uint256 since, uint256 timeout, uint256 time) public view {
        vm.assume(since <= time && time > 0);
        uint256 start = rules.started(since, timeout, time);
        assert(start == time || start == since);
        assert(start > 0 && time - start <= timeout || start == time);
    }

    /// An incentive is never over its most, for terms within twice their bounds and a clock of 64 bits.
    function check_incentive_is_capped(uint64 base, uint64 rise, uint64 slope, uint64 most, uint64 health, uint64 time) public view {
        vm.assume(health <= WAD);
        assert(rules.incentive(base, rise, slope, most, health, time) <= most);
    }

    /// Nor under its base, unless the most is less.
    function check_incentive_is_at_least_its_base(uint64 base, uint64 rise, uint64 slope, uint64 most, uint64 health, uint64 time)
        public
        view
    {
        vm.assume(health <= WAD);
        uint256 given = rules.incentive(base, rise, slope, most, health, time);
        assert(given >= base || given == most);
    }

    /// A word that holds the supply and a time gives both back.
    function check_supply_unpacks(uint192 assets, uint64 time) public view {
        (uint256 a, uint256 t) = rules.packed_supply(assets, time);
        assert(a == assets && t == time);
    }

    /// A word that holds collateral, a clock and debt shares gives all three back.
    function check_position_unpacks(uint128 collateral, bool isRunning, uint128 shares) public view {
        vm.assume(shares < 2 ** 127);
        (uint256 c, bool r, uint256 s) = rules.packed_position(collateral, isRunning, shares);
        assert(c == collateral && r == isRunning && s == shares);
    }
}
