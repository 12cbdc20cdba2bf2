"""What must always hold of a backstop, on the shipped contract: nobody's money goes anywhere that the rules do not say."""

from collections import Counter
from random import Random

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import BackstopContract, deploy_backstop
from ringfence.chain.collaborators import TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model.terms import MAX_UINT128, MAX_UINT256, WAD

CREATOR = "0x" + "c0" * 20
UNDERWRITERS = tuple("0x" + pair * 20 for pair in ("a1", "a2", "a3"))
POOLS = tuple("0x" + pair * 20 for pair in ("b1", "b2"))
OUTSIDER = "0x" + "e1" * 20
START = 1_700_000_000
DAY = 86_400
COOLDOWN = 10 * DAY
FUNDS = 10**30


class Market:
    """One sealed fund over a plain token, its underwriters rich; `covers` are (max_assets, max_share_wad) of each pool."""

    def __init__(self, *covers: tuple[int, int], decimals: int = 6) -> None:
        self.chain = EmbeddedChain(timestamp=START)
        self.token = TokenContract.deploy(self.chain, decimals)
        self.fund: BackstopContract = deploy_backstop(self.chain, self.token.address, COOLDOWN, creator=CREATOR)
        for pool, cover in zip(POOLS, covers, strict=False):
            self.fund.set_cover(CREATOR, pool, *cover)
        self.fund.seal(CREATOR)
        for owner in UNDERWRITERS:
            self.token.mint(owner, FUNDS)
            self.token.approve(owner, self.fund.address, MAX_UINT256)

    @property
    def now(self) -> int:
        return self.chain.timestamp

    def wait(self, seconds: int) -> None:
        if seconds:
            self.chain.advance_to(self.now + seconds)

    def premium(self, assets: int) -> None:
        self.token.mint(self.fund.address, assets)

    def price(self) -> tuple[int, int]:
        """Share price as a fraction, virtual units included."""
        return self.fund.total_assets() + 1, self.fund.total_supply() + 10**6

    def worth(self, owner: str) -> int:
        """Tokens, and what the shares would bring without a notice."""
        return self.token.balance_of(owner) + self.fund.convert_to_assets(self.fund.balance_of(owner))


def attempt(counts: Counter[str], name: str, call: object, *arguments: object) -> int:
    """What a call returned, 0 if it is refused; counts both."""
    try:
        value = call(*arguments)  # type: ignore[operator]
    except Reverted:
        counts[f"refused: {name}"] += 1
        return 0
    counts[name] += 1
    return value or 0


def near(rng: Random, *values: int) -> int:
    return max(0, rng.choice(values) + rng.choice((0, 0, 1, -1)))


def some_act(market: Market, rng: Random, counts: Counter[str], actors: tuple[str, ...]) -> str:
    """One act of an underwriter: in, out, notice, transfer; returns its name."""
    fund, owner = market.fund, rng.choice(actors)
    name = rng.choice(("deposit", "mint", "request_redeem", "redeem", "redeem", "withdraw", "withdraw", "transfer", "wait", "wait"))
    held = fund.balance_of(owner)
    size = 10 ** rng.randint(0, 12)
    if name == "deposit":
        attempt(counts, name, fund.deposit, owner, near(rng, size), rng.choice(actors))
    elif name == "mint":
        attempt(counts, name, fund.mint, owner, near(rng, size * 10**6, size), rng.choice(actors))
    elif name == "request_redeem":
        attempt(counts, name, fund.request_redeem, owner, near(rng, held, held // 2, 1), market.now)
    elif name == "redeem":
        most = fund.max_redeem(owner, market.now)
        attempt(counts, name, fund.redeem, owner, near(rng, most, most // 2), rng.choice(actors), owner, market.now)
    elif name == "withdraw":
        most = fund.max_withdraw(owner, market.now)
        attempt(counts, name, fund.withdraw, owner, near(rng, most, most // 2), owner, owner, market.now)
    elif name == "transfer":
        attempt(counts, name, fund.transfer, owner, rng.choice(actors), near(rng, held, held // 3), market.now)
    else:
        market.wait(rng.choice((1, DAY, COOLDOWN, COOLDOWN, COOLDOWN)))
    return name


def test_conservation_and_limits() -> None:
    """Tokens leave only by a withdrawal or a draw; a draw keeps both limits of its pool; only a draw lowers the share price."""
    counts: Counter[str] = Counter()
    for seed in range(80):
        rng = Random(seed)
        covers = tuple((rng.choice((10**6, 10**9, MAX_UINT128)), rng.choice((1, WAD // 10, WAD // 2, WAD))) for _ in POOLS)
        market = Market(*covers)
        drawn, balance, supply = [0, 0], 0, 0
        for _ in range(80):
            before = market.price()
            act = rng.choice(("underwriter",) * 5 + ("draw", "draw", "premium"))
            outside = sum(market.token.balance_of(owner) for owner in UNDERWRITERS)
            paid = brought = 0
            if act == "draw":
                which = rng.randrange(2)
                most, share = covers[which]
                left = market.fund.cover_left(POOLS[which])
                paid = market.fund.cover(POOLS[which], near(rng, left, left // 2, 10**12, 2**200))
                assert drawn[which] + paid <= most
                assert paid == 0 or drawn[which] + paid <= (balance + drawn[which]) * share // WAD
                drawn[which] += paid
                counts["draw"] += paid > 0
                counts["draw, limit reached"] += paid == left > 0
            elif act == "premium":
                brought = 10 ** rng.randint(0, 9)
                market.premium(brought)
            else:
                some_act(market, rng, counts, UNDERWRITERS)
            moved = outside - sum(market.token.balance_of(owner) for owner in UNDERWRITERS)
            assert market.fund.total_assets() == balance + moved + brought - paid
            balance = market.fund.total_assets()
            after = market.price()
            assert after[0] * before[1] >= before[0] * after[1] or paid > 0
            supply = sum(market.fund.balance_of(owner) for owner in UNDERWRITERS)
            assert market.fund.total_supply() == supply
            assert [market.token.balance_of(pool) for pool in POOLS] == drawn
    least = {
        "draw": 150,
        "draw, limit reached": 40,
        "deposit": 80,
        "mint": 60,
        "request_redeem": 80,
        "redeem": 20,
        "withdraw": 15,
        "transfer": 80,
    }
    assert {name: counts[name] for name in least if counts[name] < least[name]} == {}


def test_always_exit() -> None:
    """Whatever was done before, notice and cooldown let everybody out with all that the shares are worth, whatever the pools draw."""
    left_with = wiped = 0
    for seed in range(25):
        rng, counts = Random(f"exit {seed}"), Counter[str]()
        market = Market((MAX_UINT128, WAD), (10**9, WAD // 2))
        for _ in range(30):
            some_act(market, rng, counts, UNDERWRITERS)
            if rng.random() < 0.2:
                market.fund.cover(rng.choice(POOLS), 10 ** rng.randint(0, 12))
        leaving = [owner for owner in UNDERWRITERS if market.fund.balance_of(owner)]
        for owner in leaving:
            market.fund.request_redeem(owner, market.fund.balance_of(owner), market.now)
        market.wait(COOLDOWN)
        market.fund.cover(POOLS[1], 1_000)
        for owner in leaving:
            expected = market.fund.convert_to_assets(market.fund.balance_of(owner))
            assert market.fund.max_redeem(owner, market.now) == (market.fund.balance_of(owner) if expected else 0)
            wiped += expected == 0
            if expected:
                assert market.fund.redeem(owner, market.fund.balance_of(owner), owner, owner, market.now) == expected
                left_with += 1
    assert left_with >= 25
    assert wiped >= 1


def test_shares_under_notice_bear_losses_like_any_other() -> None:
    """Of two with equal shares, one under notice: a draw costs both the same, at any moment until the shares are redeemed."""
    for wait in (0, COOLDOWN - 1, COOLDOWN, COOLDOWN + DAY):
        market = Market((10**9, WAD // 2))
        leaving, staying = UNDERWRITERS[:2]
        amount = market.fund.deposit(leaving, 10**9, leaving)
        market.fund.mint(staying, amount, staying)
        market.fund.request_redeem(leaving, amount, market.now)
        market.wait(wait)
        assert market.fund.cover(POOLS[0], 6 * 10**8) == 6 * 10**8
        worth = market.fund.convert_to_assets(amount)
        # 2e9 less 6e8 is 1.4e9; each holds half of all shares but the virtual ones.
        assert worth == 7 * 10**8
        market.wait(COOLDOWN - wait if wait < COOLDOWN else 0)
        assert market.fund.redeem(leaving, amount, leaving, leaving, market.now) == worth
        assert market.fund.convert_to_assets(market.fund.balance_of(staying)) >= worth


def test_nobody_steps_aside_in_the_second_of_a_draw() -> None:
    """Without an open window there is no way out at once: no call, transfer or second account saves a share from a draw."""
    tried: Counter[str] = Counter()
    for wait in (0, 1, COOLDOWN - 1, COOLDOWN + 2 * DAY + 1):
        market = Market((10**9, WAD))
        fund, seller, friend = market.fund, UNDERWRITERS[0], UNDERWRITERS[1]
        amount = fund.deposit(seller, 10**9, seller)
        fund.approve(seller, friend, MAX_UINT256)
        fund.request_redeem(seller, amount, market.now)
        market.wait(wait)
        for caller in (seller, friend):
            assert attempt(tried, "redeem", fund.redeem, caller, amount, caller, seller, market.now) == 0
            assert attempt(tried, "withdraw", fund.withdraw, caller, 1, caller, seller, market.now) == 0
        assert (fund.max_redeem(seller, market.now), fund.max_withdraw(seller, market.now)) == (0, 0)
        if wait <= COOLDOWN:
            attempt(tried, "transfer", fund.transfer, seller, friend, 1, market.now)
            attempt(tried, "transfer_from", fund.transfer_from, friend, seller, friend, 1, market.now)
        fund.request_redeem(seller, amount, market.now)
        assert fund.max_redeem(seller, market.now) == 0
        assert fund.cover(POOLS[0], 5 * 10**8) == 5 * 10**8
        assert fund.convert_to_assets(amount) <= 5 * 10**8
    assert tried == {"refused: redeem": 8, "refused: withdraw": 8, "refused: transfer": 3, "refused: transfer_from": 3}


def test_notices_in_turn_leave_shares_no_open_window() -> None:
    """Accounts with windows one after another cannot pass the same shares on to whoever's is open."""
    market = Market((10**9, WAD))
    fund, first, second = market.fund, *UNDERWRITERS[:2]
    amount = fund.deposit(first, 10**9, first)
    few = fund.deposit(second, 1_000, second)
    fund.request_redeem(second, few, market.now)
    market.wait(COOLDOWN)
    # The second's window is open, for its own shares only.
    fund.transfer(first, second, amount, market.now)
    assert fund.max_redeem(second, market.now) == few
    with pytest.raises(Reverted, match="more than is under notice"):
        fund.redeem(second, few + 1, second, second, market.now)
    fund.request_redeem(second, few + amount, market.now)
    market.wait(COOLDOWN)
    with pytest.raises(Reverted, match="shares are under notice"):
        fund.transfer(second, first, 1, market.now)
    market.wait(fund.window() + 1)
    assert fund.transfer(second, first, 1, market.now)


def test_no_free_lunch() -> None:
    """Without premium and draws no sequence of one actor, over two accounts and with gifts to the fund, ends richer."""
    counts: Counter[str] = Counter()
    actors = UNDERWRITERS[:2]
    for seed in range(100):
        rng = Random(f"lunch {seed}")
        market = Market((10**12, WAD))
        fund, bystander = market.fund, UNDERWRITERS[2]
        # The fund may have a past: premium earned, losses borne.
        market.premium(rng.choice((0, 10**7, 10**12)))
        if rng.random() < 0.8:
            attempt(counts, "bystander", fund.deposit, bystander, 10 ** rng.randint(3, 12), bystander)
            fund.cover(POOLS[0], rng.choice((0, 10**3, fund.total_assets() * 9 // 10)))
        rich = sum(market.worth(owner) for owner in actors)
        before = market.worth(bystander)
        for _ in range(40):
            some_act(market, rng, counts, actors)
            if rng.random() < 0.1:
                gift = 10 ** rng.randint(0, 10)
                market.token.transfer(actors[0], fund.address, gift)
        assert sum(market.worth(owner) for owner in actors) <= rich
        assert market.worth(bystander) >= before
    least = {"deposit": 100, "mint": 80, "request_redeem": 100, "redeem": 30, "withdraw": 20, "transfer": 80}
    assert {name: counts[name] for name in least if counts[name] < least[name]} == {}


def test_a_deposit_inflated_by_a_gift_costs_the_giver_more_than_it_takes() -> None:
    """The first depositor who inflates the share price pays at least as much to the virtual shares as the victim loses by rounding."""
    for gift in (10**6, 10**9, 10**12, 10**15):
        for victims in (10**3, 10**6, 10**9, 10**12):
            market = Market()
            thief, victim = UNDERWRITERS[:2]
            rich = market.worth(thief)
            market.fund.deposit(thief, 1, thief)
            market.token.transfer(thief, market.fund.address, gift)
            attempt(Counter(), "deposit", market.fund.deposit, victim, victims, victim)
            assert market.worth(thief) <= rich
            # Nobody loses more than the value of one share to rounding.
            assert FUNDS - market.worth(victim) <= (gift + 2) // (2 * 10**6) + 2


def test_premium_is_caught_only_by_staying() -> None:
    """Who comes just before a premium is paid gets a part of it, and stays at risk for the cooldown: a draw then costs more than that."""
    market = Market((10**9, WAD // 2))
    fund, old, new = market.fund, *UNDERWRITERS[:2]
    fund.deposit(old, 10**9, old)
    amount = fund.deposit(new, 10**9, new)
    market.premium(10**6)
    assert fund.convert_to_assets(amount) == 10**9 + 5 * 10**5 - 1
    assert attempt(Counter(), "redeem", fund.redeem, new, amount, new, new, market.now) == 0
    fund.request_redeem(new, amount, market.now)
    assert fund.cover(POOLS[0], 10**8) == 10**8
    market.wait(COOLDOWN)
    assert fund.redeem(new, amount, new, new, market.now) < 10**9


def test_a_draw_lowers_what_is_left_to_others_and_touches_nothing_else() -> None:
    """Two pools with shares of the fund: one's draw takes from the other's cover in proportion, and from no balance of its."""
    market = Market((10**9, WAD // 2), (10**9, WAD // 2))
    fund = market.fund
    fund.deposit(UNDERWRITERS[0], 10**9, UNDERWRITERS[0])
    assert fund.cover(POOLS[0], MAX_UINT256) == 5 * 10**8
    # 5e8 is left in the fund, half of it for the second; the first has had its half of 1e9 and no more.
    assert (fund.cover_left(POOLS[0]), fund.cover_left(POOLS[1])) == (0, 25 * 10**7)
    assert fund.cover(POOLS[0], 1) == 0
    assert fund.cover(POOLS[1], MAX_UINT256) == 25 * 10**7
    assert [market.token.balance_of(pool) for pool in POOLS] == [5 * 10**8, 25 * 10**7]
    with pytest.raises(Reverted, match="pool is not covered"):
        fund.cover(OUTSIDER, 1)


def test_a_pool_that_draws_with_bounded_gas_gets_what_it_asks() -> None:
    """Within 400,000 gas, as a pool calls; a refusal is an answer of nothing."""
    market = Market()
    pool = Contract.create(market.chain, load("mocks/covered_mock"), CREATOR)
    fund = deploy_backstop(market.chain, market.token.address, COOLDOWN, creator=CREATOR)
    fund.set_cover(CREATOR, pool.address, 10**9, WAD)
    assert pool.transact(CREATOR, "draw", fund.address, market.token.address, 7) == 0
    assert pool.call("is_answered") is False
    fund.seal(CREATOR)
    market.token.mint(fund.address, 10**6)
    assert pool.transact(CREATOR, "draw", fund.address, market.token.address, 7) == 7
    assert pool.call("is_answered") is True
    assert pool.transact(CREATOR, "draw", fund.address, market.token.address, 10**7) == 10**6 - 7
    assert pool.transact(CREATOR, "draw", fund.address, market.token.address, 1) == 0
    pool.transact(CREATOR, "pay", market.token.address, fund.address, 10**6)
    assert fund.total_assets() == 10**6


# ERC-4626, as facts


PASTS = ("new", "premium", "drawn", "nearly wiped out", "wiped out")


def with_a_past(kind: str, decimals: int) -> Market:
    """A fund with one underwriter and the past that the name says."""
    market = Market((MAX_UINT128, WAD), decimals=decimals)
    if kind == "new":
        return market
    unit = 10**decimals
    market.fund.deposit(UNDERWRITERS[0], 1_000_003 * unit + 7, UNDERWRITERS[0])
    if kind == "premium":
        market.premium(12_345 * unit + 1)
    else:
        part = {"drawn": 300_000 * unit + 1, "nearly wiped out": 1_000_003 * unit - 1_003 * max(1, unit // 10**6), "wiped out": 2**128}
        market.fund.cover(POOLS[0], part[kind])
    return market


@pytest.mark.parametrize("decimals", [6, 8, 18])
@pytest.mark.parametrize("past", PASTS)
def test_erc4626(past: str, decimals: int) -> None:
    """Previews are never off on the wrong side, round trips gain nothing, max functions are honest to the unit."""
    rng, counts = Random(f"{past} {decimals}"), Counter[str]()
    market = with_a_past(past, decimals)
    fund, caller, other = market.fund, UNDERWRITERS[1], UNDERWRITERS[2]
    for _ in range(12):
        check_entering(market, rng, counts, caller, other)
        held = fund.balance_of(caller)
        assert (fund.max_redeem(caller, market.now), fund.max_withdraw(caller, market.now)) == (0, 0)
        if held == 0:
            continue
        fund.request_redeem(caller, held, market.now)
        assert (fund.max_redeem(caller, market.now), fund.max_withdraw(caller, market.now)) == (0, 0)
        market.wait(COOLDOWN)
        check_leaving(market, rng, counts, caller, other)
        market.wait(fund.window() + 1)
    if past == "wiped out":
        assert counts["deposit"] == counts["mint"] == 0
        assert (fund.max_deposit(caller), fund.max_mint(caller)) == (0, 0)
    else:
        assert min(counts["deposit"], counts["mint"], counts["redeem"], counts["withdraw"]) >= 5


def check_entering(market: Market, rng: Random, counts: Counter[str], caller: str, other: str) -> None:
    """Deposit and mint against their previews, conversions and maxima."""
    fund, size = market.fund, 10 ** rng.randint(0, 24)
    assert fund.preview_deposit(size) == fund.convert_to_shares(size)
    # What shares cost is worth at least what they would bring, and what assets buy costs no more than them.
    assert fund.preview_mint(size) >= fund.convert_to_assets(size) >= fund.preview_redeem(size)
    assert fund.convert_to_assets(fund.convert_to_shares(size)) <= size
    assert fund.convert_to_shares(fund.convert_to_assets(size)) <= size
    assert fund.preview_mint(fund.preview_deposit(size)) <= size
    assert fund.preview_redeem(fund.preview_withdraw(size)) >= size or fund.preview_withdraw(size) > fund.total_supply()
    promised, tokens = fund.preview_deposit(size), market.token.balance_of(caller)
    if minted := attempt(counts, "deposit", fund.deposit, caller, size, caller):
        assert minted == promised
        assert tokens - market.token.balance_of(caller) == size
        assert fund.convert_to_assets(minted) <= size
    price, before = fund.preview_mint(size), fund.balance_of(other)
    if paid := attempt(counts, "mint", fund.mint, caller, size, other):
        assert paid == price
        assert fund.balance_of(other) - before == size
        assert fund.convert_to_assets(size) <= paid
    check_most(market, caller)


def check_most(market: Market, caller: str) -> None:
    """Exactly the maximum goes in, by either way, and one more does not."""
    fund, chain = market.fund, market.chain
    if (most := fund.max_deposit(caller)) == 0:
        return
    market.token.mint(caller, MAX_UINT128)
    for name, maximum in (("deposit", most), ("mint", fund.max_mint(caller))):
        snapshot = chain.snapshot()
        with pytest.raises(Reverted, match="over 128 bits"):
            fund.transact(caller, name, maximum + 10**30, caller)
        fund.transact(caller, name, maximum, caller)
        chain.revert(snapshot)


def check_leaving(market: Market, rng: Random, counts: Counter[str], caller: str, other: str) -> None:
    """Redeem and withdraw against their previews and maxima, within the window."""
    fund = market.fund
    most = fund.max_redeem(caller, market.now)
    assert most in (0, fund.balance_of(caller))
    amount = max(1, rng.randint(0, most))
    promised, tokens = fund.preview_redeem(amount), market.token.balance_of(other)
    if paid := attempt(counts, "redeem", fund.redeem, caller, amount, other, caller, market.now):
        assert paid == promised == market.token.balance_of(other) - tokens
    most = fund.max_withdraw(caller, market.now)
    with pytest.raises(Reverted):
        fund.withdraw(caller, most + 1, caller, caller, market.now)
    if most > 0:
        price, held = fund.preview_withdraw(most), fund.balance_of(caller)
        assert fund.withdraw(caller, most, caller, caller, market.now) == price == held - fund.balance_of(caller)
        counts["withdraw"] += 1
        assert fund.max_withdraw(caller, market.now) == 0


@pytest.mark.parametrize("kind", ["max_deposit", "max_mint", "max_redeem", "max_withdraw", "preview_deposit", "cover_left"])
def test_views_of_an_empty_or_flooded_fund_never_revert(kind: str) -> None:
    """Before the seal, and with more of the token in the fund than 128 bits hold."""
    market = Market((1, 1))
    unsealed = deploy_backstop(market.chain, market.token.address, COOLDOWN, creator=CREATOR)
    flooded = deploy_backstop(market.chain, market.token.address, COOLDOWN, creator=CREATOR)
    flooded.seal(CREATOR)
    market.token.mint(flooded.address, 2**250)
    for fund in (unsealed, flooded):
        arguments = (10**6,) if kind == "preview_deposit" else (OUTSIDER,)
        expected = 10**12 if kind == "preview_deposit" and fund is unsealed else 0
        assert getattr(fund, kind)(*arguments, *((market.now,) if kind in ("max_redeem", "max_withdraw") else ())) == expected
    assert flooded.total_assets() == MAX_UINT128
