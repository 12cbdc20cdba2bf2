// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Rules} from "./Rules.sol";

/// Laws proved for every value of the words named, on the compiled code. The bound of a word stands in the type of its argument.
/// What no solver answered within a minute or two is left to tests/fuzz: whole sales, and 512-bit products at their full width.
contract RulesProof is Rules {
    uint256 constant WAD = 1e18;

    /// The quotient rounded up is the least whole number that times the divisor reaches x.
    function check_div_up_reaches(uint32 x, uint32 divisor) public view {
        vm.assume(divisor > 0);
        uint256 q = rules.div_up(x, divisor);
        assert(q * divisor >= x);
        assert(q == 0 || (q - 1) * divisor < x);
    }

    /// x * y divided and rounded down, as its definition says.
    function check_mul_div_down_is_the_quotient(uint16 x, uint16 y, uint16 divisor) public view {
        vm.assume(divisor > 0);
        uint256 q = rules.mul_div_down(x, y, divisor);
        uint256 product = uint256(x) * y;
        assert(q * divisor <= product && product < (q + 1) * divisor);
    }

    /// Up is down, or one more where there is a remainder.
    function check_mul_div_up_is_down_or_one_more(uint16 x, uint16 y, uint16 divisor) public view {
        vm.assume(divisor > 0);
        uint256 q = rules.mul_div_up(x, y, divisor);
        uint256 product = uint256(x) * y;
        assert(q * divisor >= product);
        assert(q == 0 || (q - 1) * divisor < product);
    }

    /// Lending and taking out at once gains nothing.
    function check_share_round_trip_gains_nothing(uint16 assets, uint16 supplyAssets, uint16 supplyShares) public view {
        uint256 minted = rules.lender_shares_down(assets, supplyAssets, supplyShares);
        assert(rules.lender_assets_down(minted, supplyAssets, supplyShares) <= assets);
    }

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

    /// What is phased in is never more than offered; where the collateral pays for the offer, it is the offer.
    function check_phase_in_is_at_most_the_offer(uint8 offered, uint8 backed, uint8 time, uint8 window) public view {
        uint256 given = rules.phase_in(offered, backed, time, window);
        assert(given <= offered);
        assert(offered > backed || given == offered);
        assert(offered <= backed || given >= backed);
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
