// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {RULES} from "./Code.sol";

/// What a sale is made of, as the harness takes it.
struct Input {
    uint256 penalty;
    uint256 debtAssets;
    uint256 debtShares;
    uint256 collateral;
    uint256 held;
    uint256 worth;
    uint256 debt;
    uint256 high;
    uint256 incentive;
    uint256 maxPayment;
}

/// The harness of tests/symbolic/rules_harness.vy, as its callers see it.
interface IRules {
    function high(uint256 x, uint256 y) external pure returns (uint256);
    function mul_div_down(uint256 x, uint256 y, uint256 divisor) external pure returns (uint256);
    function mul_div_up(uint256 x, uint256 y, uint256 divisor) external pure returns (uint256);
    function mul_div_down_capped(uint256 x, uint256 y, uint256 divisor, uint256 cap) external pure returns (uint256);
    function div_up(uint256 x, uint256 divisor) external pure returns (uint256);
    function lender_shares_down(uint256 assets, uint256 supplyAssets, uint256 supplyShares) external pure returns (uint256);
    function lender_shares_up(uint256 assets, uint256 supplyAssets, uint256 supplyShares) external pure returns (uint256);
    function lender_assets_down(uint256 amount, uint256 supplyAssets, uint256 supplyShares) external pure returns (uint256);
    function lender_assets_up(uint256 amount, uint256 supplyAssets, uint256 supplyShares) external pure returns (uint256);
    function debt_up(uint256 amount, uint256 debtAssets, uint256 debtShares) external pure returns (uint256);
    function debt_shares_up(uint256 assets, uint256 debtAssets, uint256 debtShares) external pure returns (uint256);
    function elapsed(uint256 since, uint256 timeout, uint256 time) external pure returns (uint256);
    function started(uint256 since, uint256 timeout, uint256 time) external pure returns (uint256);
    function incentive(uint256 base, uint256 rise, uint256 slope, uint256 most, uint256 health, uint256 time)
        external
        pure
        returns (uint256);
    function phase_in(uint256 offered, uint256 backed, uint256 time, uint256 window) external pure returns (uint256);
    function covered_sale(Input calldata i) external pure returns (uint256[7] memory);
    function uncovered_sale(Input calldata i) external pure returns (uint256[7] memory);
    function packed_supply(uint256 assets, uint256 time) external pure returns (uint256, uint256);
    function packed_position(uint256 collateral, bool isRunning, uint256 shares) external pure returns (uint256, bool, uint256);
}

interface Vm {
    function assume(bool condition) external pure;
}

/// What proofs and fuzz tests share: the harness, deployed from its bytecode, and the two words that they need.
abstract contract Rules {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    IRules internal rules;

    function setUp() public {
        bytes memory code = RULES;
        address made;
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "no harness");
        rules = IRules(made);
    }
}
