"""What a path leaves behind: one row of figures a pool, the same from the exact engine and from the fast one.

Amounts are whole asset tokens as floats unless said otherwise; a loss counts debt nobody will pay, whether booked by a sale or still open.
"""

FIELDS: dict[str, str] = {
    "loss_1d": "loss after one day, booked and open (asset); NaN beyond the horizon",
    "loss_7d": "the same after seven days",
    "loss_30d": "the same after thirty days",
    "loss": "loss at the end: realised_loss + unrealised_loss",
    "realised_loss": "loss booked by sales",
    "unrealised_loss": "sum of max(0, debt - collateral at the market's price) of what is still open at the end",
    "loss_from_reserve": "part of realised_loss that the reserve paid",
    "loss_from_backstop": "part that the backstop paid",
    "loss_from_lenders": "part that lenders paid",
    "loss_from_premium": "part that the premium owed paid",
    "liquidated_1d": "debt retired by sales, losses included, after one day; NaN beyond the horizon",
    "liquidated_7d": "the same after seven days",
    "liquidated_30d": "the same after thirty days",
    "liquidated": "the same at the end",
    "sales": "number of sales",
    "closed": "number of positions without debt at the end that had some",
    "paid": "what buyers paid",
    "penalty": "part of it that went to the reserve",
    "collateral_sold": "collateral sold (whole collateral tokens)",
    "incentive": "collateral sold at the pool's price less what was paid for it",
    "slippage": "collateral sold at the market's unweighted price less what selling it brought",
    "gas": "what buyers paid for gas",
    "buyer_profit": "what selling brought, less paid, less gas",
    "interest": "interest of all debts",
    "interest_to_reserve": "part that went to the reserve, less what flowed back",
    "creator_fee": "part minted to the creator, as it was worth then",
    "premium": "part owed to the backstop",
    "premium_paid": "what was paid of it",
    "supply_end": "what lenders own at the end",
    "reserve_end": "what the reserve owns at the end",
    "debt_end": "what borrowers owe at the end",
    "share_price_end": "assets a lender share, 1 at the start",
    "reserve_least": "the least the reserve ever held",
    "reserve_needed": "reserve at the start that would just have kept every loss from backstop and lenders",
    "low_cash": "part of the steps at which cash was under the scenario's part of supply",
    "run_withdrawn": "what running lenders took out",
    "run_left": "what running lenders wanted and could not take out",
    "oracle_failed": "part of the steps without a price",
    "price_least": "least market price as a multiple of the start",
    "price_end": "market price at the end as a multiple of the start",
    "unhealthy_end": "debt unhealthy at the pool's last price and not sold",
}
NAMES = tuple(FIELDS)
FIELD = {name: place for place, name in enumerate(NAMES)}

WAIT_STEPS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1440, 2880, 8760)
"""Lower bounds (steps) of the classes by which the time from unhealthy to sold is counted, weighted by debt; the last class is open.

What is unhealthy and unsold at the end counts in the class of its wait so far."""
