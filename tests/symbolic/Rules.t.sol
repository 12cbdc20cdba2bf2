// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Input, Rules} from "./Rules.sol";

/// Laws proved for every value of the words named, on the compiled code. The bound of a word stands in the type of its argument.
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

    /// A capped quotient is never over its cap, for words of any size.
    function check_capped_is_capped(uint256 x, uint256 y, uint256 divisor, uint256 cap) public view {
        vm.assume(divisor > 0);
        assert(rules.mul_div_down_capped(x, y, divisor, cap) <= cap);
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
    function check_phase_in_is_at_most_the_offer(uint16 offered, uint16 backed, uint16 time, uint16 window) public view {
        uint256 given = rules.phase_in(offered, backed, time, window);
        assert(given <= offered);
        assert(offered > backed || given == offered);
        assert(offered <= backed || given >= backed);
    }

    /// What is paid is at most what the buyer allows, what is sold at most what there is; nothing is lost. Any words.
    function check_covered_sale_is_bounded(Input calldata i) public view {
        uint256[7] memory sale = rules.covered_sale(i);
        assert(sale[0] <= i.maxPayment);
        assert(sale[4] <= i.collateral);
        assert(sale[1] <= i.debtAssets);
        assert(sale[5] == 0);
    }

    /// Debt retired and loss leave the books, which hold as much; nothing is retired unpaid; whoever pays more than is retired has no loss. Any words.
    function check_uncovered_sale_books_its_loss(Input calldata i) public view {
        uint256[7] memory sale = rules.uncovered_sale(i);
        assert(sale[1] + sale[5] <= i.debtAssets);
        assert(sale[1] <= sale[0]);
        assert(sale[5] == 0 || sale[1] == sale[0]);
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
