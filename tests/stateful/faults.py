"""Single changes in the contracts, each of which must make the test of its property fail. What a fault stands for is said in its name."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One change: in `contracts/<file>` the text `old`, which occurs once, becomes `new`. `contract` is what is compiled with it.

    `also` is a second pair of texts, for a fault that must remember something.
    """

    name: str
    law: str
    file: str
    old: str
    new: str
    contract: str = "Pool"
    also: tuple[str, str] | None = None

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [(self.old, self.new), *([self.also] if self.also else [])]


FAULTS = (
    # 1
    Fault(
        "what is repaid above debt_assets is booked to nobody",
        "conservation",
        "Pool.vy",
        "    totals.supply_assets += paid - retired\n",
        "",
    ),
    Fault(
        "the penalty is booked to the reserve, and to lenders as well",
        "conservation",
        "liquidation.vy",
        "    totals.supply_assets += sale.payment - sale.debt_retired - sale.penalty\n",
        "    totals.supply_assets += sale.payment - sale.debt_retired\n",
    ),
    Fault(
        "liquidate_many hands out the last sale's collateral only",
        "conservation",
        "Pool.vy",
        "            collateral += sale.collateral\n",
        "            collateral = sale.collateral\n",
    ),
    Fault(
        "what is owed to the backstop is the lenders' as well",
        "conservation",
        "interest.vy",
        "    totals.supply_assets -= accrual.premium\n",
        "",
    ),
    Fault(
        "a premium that is paid is owed still",
        "conservation",
        "Pool.vy",
        "    totals.premium_owed -= paid\n",
        "",
    ),
    # 2
    Fault(
        "a sale takes a share less from the total than from the position",
        "debt_is_the_sum",
        "liquidation.vy",
        "    totals.debt_shares -= sale.debt_shares\n",
        "    totals.debt_shares -= max(sale.debt_shares, 1) - 1\n",
    ),
    Fault(
        "debts are rounded down",
        "debt_is_the_sum",
        "shares.vy",
        "return rounding._div_up(amount * (debt_assets + VIRTUAL_ASSETS), debt_shares + VIRTUAL_SHARES)",
        "return amount * (debt_assets + VIRTUAL_ASSETS) // (debt_shares + VIRTUAL_SHARES)",
    ),
    # 3
    Fault(
        "deposits mint rounded up",
        "lenders_never_lose_without_a_loss_event",
        "Pool.vy",
        "minted: uint256 = shares._lender_shares_down(assets, totals.supply_assets, totals.supply_shares)",
        "minted: uint256 = shares._lender_shares_up(assets, totals.supply_assets, totals.supply_shares)",
    ),
    Fault(
        "the creator's shares are minted at twice their worth",
        "lenders_never_lose_without_a_loss_event",
        "interest.vy",
        "accrual.fee_shares = shares._lender_shares_down(fee, ",
        "accrual.fee_shares = shares._lender_shares_down(2 * fee, ",
    ),
    Fault(
        "a loss that takes the reserve too is not logged",
        "lenders_never_lose_without_a_loss_event",
        "Pool.vy",
        "    if sale.loss > 0:\n",
        "    if sale.loss > 0 and from_reserve == 0:\n",
    ),
    Fault(
        "lenders bear twice what is logged",
        "lenders_never_lose_without_a_loss_event",
        "liquidation.vy",
        "    totals.supply_assets -= from_lenders\n",
        "    totals.supply_assets -= min(totals.supply_assets, 2 * from_lenders)\n",
    ),
    # 4
    Fault(
        "who is healthy by nothing is sold",
        "healthy_is_untouchable",
        "liquidation.vy",
        "    if debt <= limit:\n",
        "    if debt < limit:\n",
    ),
    Fault(
        "a borrow mints shares rounded down",
        "healthy_is_untouchable",
        "shares.vy",
        "return rounding._mul_div_up(assets, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)",
        "return rounding._mul_div_down(assets, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)",
    ),
    # 5
    Fault(
        "the window is not looked at",
        "a_first_sale_never_hurts",
        "liquidation.vy",
        "    if offered <= payable_ or elapsed >= window:\n",
        "    if offered <= payable_ or elapsed < window:\n",
    ),
    Fault(
        "the phased incentive starts one second in",
        "a_first_sale_never_hurts",
        "liquidation.vy",
        "    return payable_ + (offered - payable_) * elapsed // window\n",
        "    return payable_ + (offered - payable_) * (elapsed + 1) // window\n",
    ),
    Fault(
        "within the window twice the phased incentive is paid",
        "a_first_sale_never_hurts",
        "liquidation.vy",
        "    return payable_ + (offered - payable_) * elapsed // window\n",
        "    return payable_ + (offered - payable_) * min(2 * elapsed, window) // window\n",
    ),
    # 6
    Fault(
        "an uncovered part retires what was paid, the rest of its loss stays as debt",
        "liquidation_improves",
        "liquidation.vy",
        "sale.debt_shares = position.debt_shares * sale.collateral // position.collateral",
        "sale.debt_shares = min(\n"
        "            position.debt_shares,\n"
        "            rounding._mul_div_down(sale.payment, totals.debt_shares + 10**6, totals.debt_assets + 1),\n"
        "        )",
    ),
    Fault(
        "the penalty is taken whether or not it is left",
        "liquidation_improves",
        "liquidation.vy",
        "min(terms.penalty, rounding._mul_div_down(value_, PRICE_SCALE, debt * (WAD + incentive)) - WAD)",
        "terms.penalty",
    ),
    # 7
    Fault(
        "a pool that mints its fee pokes the recipient, which may be a pool",
        "isolation",
        "Pool.vy",
        "        erc20._mint(TERMS.fee_recipient, accrual.fee_shares)\n",
        "        erc20._mint(TERMS.fee_recipient, accrual.fee_shares)\n"
        '        poked: bool = raw_call(TERMS.fee_recipient, method_id("accrue()"), revert_on_failure=False)\n',
    ),
    Fault(
        "a rate model remembers the last pool that asked",
        "isolation",
        "KinkedRate.vy",
        "    return self._rate(debt_assets, supply_assets)\n\n\n@internal\n@view\n"
        "def _rate(debt_assets: uint256, supply_assets: uint256) -> uint256:\n"
        "    used: uint256 = self._utilisation(debt_assets, supply_assets)\n",
        "    self.last = supply_assets\n    return self._rate(debt_assets, supply_assets)\n\n\nlast: uint256\n\n\n@internal\n@view\n"
        "def _rate(debt_assets: uint256, supply_assets: uint256) -> uint256:\n"
        "    used: uint256 = self._utilisation(debt_assets, max(supply_assets, self.last))\n",
        "KinkedRate",
    ),
    Fault(
        "a draw on a fund counts against the pool that it covered first",
        "isolation",
        "Backstop.vy",
        "        self.drawn[msg.sender] += paid\n",
        "        self.drawn[msg.sender] += paid\n        self.drawn[self.first] += paid\n",
        "Backstop",
        (
            "    log CoverSet(pool=pool, max_assets=max_assets, max_share_wad=max_share_wad)\n",
            "    log CoverSet(pool=pool, max_assets=max_assets, max_share_wad=max_share_wad)\n"
            "    if self.first == empty(address):\n        self.first = pool\n\n\nfirst: address\n",
        ),
    ),
    # 8
    Fault(
        "withdrawals burn rounded down",
        "no_free_lunch",
        "Pool.vy",
        "burnt: uint256 = shares._lender_shares_up(assets, totals.supply_assets, totals.supply_shares)",
        "burnt: uint256 = shares._lender_shares_down(assets, totals.supply_assets, totals.supply_shares)",
    ),
    Fault(
        "minting shares costs rounded down",
        "no_free_lunch",
        "Pool.vy",
        "assets: uint256 = shares._lender_assets_up(amount, totals.supply_assets, totals.supply_shares)",
        "assets: uint256 = shares._lender_assets_down(amount, totals.supply_assets, totals.supply_shares)",
    ),
    Fault(
        "a repayment burns rounded up",
        "no_free_lunch",
        "shares.vy",
        "return rounding._mul_div_down(paid, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)",
        "return rounding._mul_div_up(paid, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)",
    ),
    Fault(
        "whoever asks is paid the premium",
        "no_free_lunch",
        "Pool.vy",
        "    self._push(TERMS.asset, TERMS.backstop, paid)\n",
        "    self._push(TERMS.asset, msg.sender, paid)\n",
    ),
    # 9
    Fault(
        "a repayment asks for a price",
        "always_exit",
        "Pool.vy",
        '    assert position.debt_shares > 0, "pool: no debt"\n',
        '    assert position.debt_shares > 0 and self._high() > 0, "pool: no debt"\n',
    ),
    Fault(
        "collateral without debt asks for a price",
        "always_exit",
        "Pool.vy",
        "    if position.debt_shares > 0:\n        self._check_new_risk(totals, position)\n",
        "    self._check_new_risk(totals, position)\n",
    ),
    Fault(
        "a rate model that answers too little stops the pool",
        "always_exit",
        "Pool.vy",
        "    if not is_answered or len(answer) < 32:\n        return 0\n",
        "    if not is_answered:\n        return 0\n    assert len(answer) == 32\n",
    ),
    Fault(
        "a backstop that fails stops the sale",
        "always_exit",
        "Pool.vy",
        "    after: uint256 = staticcall IERC20(TERMS.asset).balanceOf(self)\n",
        "    assert is_answered\n    after: uint256 = staticcall IERC20(TERMS.asset).balanceOf(self)\n",
    ),
    Fault(
        "a backstop that pays too much stops the sale",
        "always_exit",
        "Pool.vy",
        "    return min(loss, max(after, before) - before)\n",
        "    return max(after, before) - before\n",
    ),
    Fault(
        "who has lent once is locked for good",
        "always_exit",
        "Pool.vy",
        "    return TERMS.lockup > 0 and block.timestamp < self.unlocks_at[owner]\n",
        "    return TERMS.lockup > 0 and self.unlocks_at[owner] > 0\n",
    ),
    # 10
    Fault(
        "lenders share a loss with the reserve",
        "waterfall_order",
        "liquidation.vy",
        "    from_reserve: uint256 = min(sale.loss, totals.reserve_assets)\n",
        "    from_reserve: uint256 = min(sale.loss, totals.reserve_assets) // 2\n",
    ),
    Fault(
        "a whole loss larger than the reserve goes to lenders",
        "waterfall_order",
        "liquidation.vy",
        "    from_reserve: uint256 = min(sale.loss, totals.reserve_assets)\n",
        "    from_reserve: uint256 = sale.loss if sale.loss <= totals.reserve_assets else 0\n",
    ),
    Fault(
        "the backstop pays before the reserve",
        "waterfall_order",
        "Pool.vy",
        "        from_backstop: uint256 = self._cover(sale.loss - from_reserve)\n",
        "        from_backstop: uint256 = self._cover(sale.loss)\n"
        "        totals.reserve_assets += min(from_reserve, from_backstop)\n"
        "        from_reserve -= min(from_reserve, from_backstop)\n",
    ),
    Fault(
        "half of what the reserve leaves is never asked of the backstop",
        "waterfall_order",
        "Pool.vy",
        "        from_backstop: uint256 = self._cover(sale.loss - from_reserve)\n",
        "        from_backstop: uint256 = self._cover((sale.loss - from_reserve) // 2)\n",
    ),
    Fault(
        "the premium owed pays before lenders",
        "waterfall_order",
        "liquidation.vy",
        "    from_lenders: uint256 = min(unpaid, totals.supply_assets)\n",
        "    from_lenders: uint256 = unpaid - min(unpaid, totals.premium_owed)\n",
    ),
    # 11
    Fault(
        "a piece of an uncovered position retires half of its debt",
        "slicing_gains_nothing",
        "liquidation.vy",
        "sale.debt_shares = position.debt_shares * sale.collateral // position.collateral",
        "sale.debt_shares = position.debt_shares * sale.collateral // position.collateral // 2",
    ),
    Fault(
        "a sale to the target stops short of it, so that the next goes on",
        "slicing_gains_nothing",
        "liquidation.vy",
        "rounding._div_up(debt * WAD - terms.target_ltv * value_, WAD - counted)",
        "rounding._div_up(debt * WAD - terms.target_ltv * value_, 2 * (WAD - counted))",
    ),
    Fault(
        "the discount grows with the part of the debt that is left unpaid",
        "slicing_gains_nothing",
        "liquidation.vy",
        "    offered: uint256 = self._incentive(terms, limit * WAD // debt, elapsed)\n",
        "    offered: uint256 = self._incentive(terms, limit * WAD // debt, elapsed)\n"
        "    if max_payment < debt:\n"
        "        offered = terms.incentive_max\n",
    ),
)
