// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Input, Rules} from "./Rules.sol";

/// The laws of tests/symbolic/Rules.t.sol and some that a solver cannot reach, on random words of every size.
contract RulesFuzz is Rules {
    uint256 constant WAD = 1e18;

    /// A word of a random length, since uniform words are all long.
    function sized(uint256 word, uint8 bits) internal pure returns (uint256) {
        return word >> bits;
    }

    /// The 512-bit product, in halves: x * y = high * 2^256 + low, by schoolbook multiplication of 128-bit limbs.
    function product(uint256 x, uint256 y) internal pure returns (uint256 high, uint256 low) {
        unchecked {
            uint256 mask = type(uint128).max;
            uint256 a = (x & mask) * (y & mask);
            uint256 b = (x >> 128) * (y & mask);
            uint256 c = (x & mask) * (y >> 128);
            uint256 middle = (a >> 128) + (b & mask) + (c & mask);
            low = x * y;
            high = (x >> 128) * (y >> 128) + (b >> 128) + (c >> 128) + (middle >> 128);
        }
    }

    function testFuzz_high_is_the_schoolbook_s(uint256 x, uint256 y, uint8 i, uint8 j) public view {
        (uint256 expected,) = product(sized(x, i), sized(y, j));
        assert(rules.high(sized(x, i), sized(y, j)) == expected);
    }

    /// quotient * divisor <= x * y < (quotient + 1) * divisor in 512 bits; refused exactly if the quotient has more than 256 bits.
    function testFuzz_mul_div_down_is_the_quotient(uint256 x, uint256 y, uint256 divisor, uint8 i, uint8 j, uint8 k) public view {
        (x, y, divisor) = (sized(x, i), sized(y, j), sized(divisor, k));
        (uint256 high, uint256 low) = product(x, y);
        try rules.mul_div_down(x, y, divisor) returns (uint256 q) {
            (uint256 h, uint256 l) = product(q, divisor);
            assert(h < high || (h == high && l <= low));
            // The remainder, which is less than the divisor, so that the words below tell it.
            unchecked {
                assert(low - l < divisor && mulmod(x, y, divisor) == low - l);
            }
        } catch {
            assert(divisor <= high);
        }
    }

    function testFuzz_mul_div_up_is_down_or_one_more(uint256 x, uint256 y, uint256 divisor, uint8 i, uint8 j, uint8 k) public view {
        (x, y, divisor) = (sized(x, i), sized(y, j), sized(divisor, k));
        (uint256 high,) = product(x, y);
        vm.assume(divisor > high);
        uint256 down = rules.mul_div_down(x, y, divisor);
        uint256 rest = mulmod(x, y, divisor);
        vm.assume(down < type(uint256).max);
        assert(rules.mul_div_up(x, y, divisor) == (rest == 0 ? down : down + 1));
    }

    function testFuzz_div_up_reaches(uint256 x, uint256 divisor, uint8 i, uint8 j) public view {
        (x, divisor) = (sized(x, i), sized(divisor, j));
        vm.assume(divisor > 0);
        uint256 q = rules.div_up(x, divisor);
        // Where the product of q would not fit, the next lower one does.
        assert(q == 0 ? x == 0 : (q - 1) * divisor < x && x - (q - 1) * divisor <= divisor);
    }

    function testFuzz_a_capped_quotient_is_the_quotient_or_the_cap(uint256 x, uint256 y, uint256 divisor, uint256 cap, uint8 i, uint8 j) public view {
        (x, divisor) = (sized(x, i), sized(divisor, j));
        vm.assume(divisor > 0);
        uint256 capped = rules.mul_div_down_capped(x, y, divisor, cap);
        try rules.mul_div_down(x, y, divisor) returns (uint256 q) {
            assert(capped == (q < cap ? q : cap));
        } catch {
            assert(capped == cap);
        }
    }

    function testFuzz_share_round_trips_gain_nothing(uint64 assets, uint128 supplyAssets, uint160 supplyShares, uint8 i, uint8 j, uint8 k)
        public
        view
    {
        uint256 given = sized(assets, i % 64);
        uint256 total = sized(supplyAssets, j % 128);
        uint256 shares = sized(supplyShares, k % 160);
        uint256 minted = rules.lender_shares_down(given, total, shares);
        assert(rules.lender_assets_down(minted, total, shares) <= given);
        uint256 burnt = rules.lender_shares_up(given, total, shares);
        assert(burnt >= minted && burnt <= minted + 1);
        assert(rules.lender_assets_up(burnt, total, shares) >= given);
    }

    function testFuzz_a_debt_s_shares_owe_at_least_the_debt(uint96 assets, uint96 debtAssets, uint96 debtShares, uint8 i) public view {
        uint256 borrowed = sized(assets, i);
        uint256 shares = rules.debt_shares_up(borrowed, debtAssets, debtShares);
        vm.assume(shares + debtShares < 2 ** 127);
        assert(rules.debt_up(shares, debtAssets + borrowed, debtShares + shares) >= borrowed);
    }

    function testFuzz_phase_in_lies_between(uint64 offered, uint64 backed, uint64 time, uint64 window) public view {
        uint256 given = rules.phase_in(offered, backed, time, window);
        assert(given <= offered && (offered <= backed ? given == offered : given >= backed));
    }

    /// A sale that is just covered: debt times (1 + incentive) is the collateral's worth, but for roundings.
    function testFuzz_covered_sale_pays_for_what_it_sells(uint96 collateral, uint64 price, uint64 given, uint64 penalty, uint256 paid, uint8 bits)
        public
        view
    {
        Input memory i;
        i.high = uint256(price) * 1e18;
        i.incentive = uint256(given) % (WAD / 2);
        i.penalty = uint256(penalty) % (WAD / 10);
        i.collateral = collateral;
        i.worth = i.collateral * i.high / 1e36;
        i.debt = i.worth * WAD / (WAD + i.incentive + 1);
        vm.assume(i.debt > 0);
        i.debtAssets = i.debt;
        (i.debtShares, i.held) = (i.debt * 1e6, i.debt * 1e6);
        i.maxPayment = sized(paid, bits);
        uint256[7] memory sale = rules.covered_sale(i);
        assert(sale[0] <= i.maxPayment && sale[4] <= i.collateral && sale[5] == 0);
        assert(sale[1] + sale[2] <= sale[0]);
        // At the discount, what is sold is worth no more than was paid for it.
        assert(sale[4] * i.high <= sale[0] * (WAD + i.incentive) * WAD);
    }

    function testFuzz_uncovered_sale_books_its_loss(uint96 collateral, uint64 price, uint64 given, uint96 owed, uint256 paid, uint8 bits)
        public
        view
    {
        vm.assume(collateral > 0);
        Input memory i;
        i.high = uint256(price) * 1e18 + 1;
        i.incentive = uint256(given) % (WAD / 2);
        i.collateral = collateral;
        i.debt = uint256(owed) + 1;
        i.debtAssets = i.debt;
        (i.debtShares, i.held) = (i.debt * 1e6, i.debt * 1e6);
        i.maxPayment = sized(paid, bits);
        uint256[7] memory sale = rules.uncovered_sale(i);
        assert(sale[1] + sale[5] <= i.debt && sale[1] <= sale[0] && sale[4] <= i.collateral);
        // A whole sale takes the whole debt off the books, and what was not paid for it is the loss.
        assert(sale[4] < i.collateral || sale[1] + sale[5] == i.debt);
        assert(sale[5] == 0 || sale[1] == sale[0]);
    }
}
