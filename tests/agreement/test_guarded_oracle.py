"""The guarded oracle answers like its twin and like the rule in fractions, refuses the same parameters, and lets no feed starve another."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from ringfence.chain.collaborators import NO_SIDE, AggregatorMock, FeedSide, GuardedOracleContract, OracleMock, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model.errors import Revert
from ringfence.model.guarded_oracle import GuardedOracle, Side
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD
from tests.agreement.feeds import ANSWERS, BURNS, LONG, REVERTS, SHORT, Decimals, Feed, FeedTwin, Source, make_oracles
from tests.agreement.planted import outcome_of
from tests.agreement.worlds import spread

START = 1_767_268_800
DAY = 86_400
MAX_INT256 = 2**255 - 1
ASKING = "0x" + "a5" * 20
# What a pool gives its oracle (contracts/Pool.vy::ORACLE_GAS).
ORACLE_GAS = 2_000_000


class World:
    """One oracle on both sides with its feeds, and the rule in fractions as a third opinion."""

    def __init__(self, chain: EmbeddedChain, rng: Random) -> None:
        self.chain, self.rng = chain, rng
        self.decimals = rng.choice([(18, 6), (18, 18), (8, 6), (6, 18), (18, 0), (rng.randint(0, 18), rng.randint(0, 18))])
        tokens = [TokenContract.deploy(chain, count).address for count in self.decimals]
        self.divergence = rng.choice([WAD // 200, WAD // 50, WAD // 50, WAD // 5, 1, WAD - 1, rng.randint(1, WAD - 1)])
        self.sources = [self._source(None)]
        if rng.random() < 0.8:
            self.sources.append(self._source(self.exact(self.sources[0])))
        else:
            self.divergence = 0
        price = self.exact(self.sources[0])
        width = rng.choice([2, 2, 3, 1_000, 10**9, 2**250])
        self.low_bound = min(MAX_UINT256 - 2, max(1, int(price / width)))
        self.high_bound = min(MAX_UINT256 - 1, max(int(price * width), self.low_bound + 1))
        self.contract, self.model = make_oracles(
            chain, tokens, self.decimals, self.sources, self.low_bound, self.high_bound, self.divergence
        )
        self.usual = {id(feed): feed.twin.answer for source in self.sources for feed in source.feeds}

    def _feed(self, answer: int | None = None) -> Feed:
        decimals = self.rng.choice([8, 8, 18, 18, 6, 0, self.rng.randint(0, 18)])
        if answer is None:
            answer = spread(self.rng, 10**decimals, 10 ** (decimals + 5)) if self.rng.random() < 0.9 else spread(self.rng, 1, MAX_INT256)
        return Feed.make(self.chain, decimals, answer, self.chain.timestamp)

    def _source(self, price: Fraction | None) -> Source:
        # With a price, the base feed's answer is what comes nearest to it.
        ages = [self.rng.choice([60, 3_600, DAY, 7 * DAY]) for _ in range(2)]
        quote = self._feed() if self.rng.random() < 0.5 else None
        source = Source(self._feed(1 if price else None), ages[0], quote, ages[1] if quote else 0)
        if price:
            answer = round(price / self.exact(source))
            source.base.set(ANSWERS, min(MAX_INT256, max(1, answer)), self.chain.timestamp)
        return source

    def exact(self, source: Source) -> Fraction:
        """Asset base units per collateral base unit, times 1e36, without any rounding."""
        whole = Fraction(source.base.twin.answer, 10 ** source.base.twin.decimals())
        if source.quote:
            whole /= Fraction(source.quote.twin.answer, 10 ** source.quote.twin.decimals())
        collateral_decimals, asset_decimals = self.decimals
        return whole * 10**asset_decimals / 10**collateral_decimals * PRICE_SCALE

    def trouble(self, source: Source) -> str:
        """The first reason why a source cannot be used; empty if there is none."""
        now = self.chain.timestamp
        for feed, max_age in zip(source.feeds, (source.base_max_age, source.quote_max_age), strict=False):
            twin = feed.twin
            if twin.mode in (REVERTS, SHORT, BURNS):
                return {REVERTS: "reverts", SHORT: "short", BURNS: "burns gas"}[twin.mode]
            if twin.answer <= 0:
                return "zero" if twin.answer == 0 else "negative"
            if twin.updated_at == 0 or twin.updated_at > now:
                return "never updated" if twin.updated_at == 0 else "future"
            if twin.updated_at < now - max_age:
                return "stale"
        price = self.exact(source)
        if price >= 2**256:
            return "over 256 bits"
        return "under its bound" if price // 1 < self.low_bound else "over its bound" if -(-price // 1) > self.high_bound else ""

    def expected(self, counts: Counter[str]) -> tuple[str, Any]:
        """The rule in fractions."""
        troubles = [self.trouble(source) for source in self.sources]
        counts.update(trouble for trouble in troubles if trouble)
        sides = [self.exact(source) for source, trouble in zip(self.sources, troubles, strict=True) if not trouble]
        if not sides:
            counts["none of one" if len(self.sources) == 1 else "none of two"] += 1
            return "refused", "oracle: no usable price"
        low, high = int(min(sides) // 1), int(-(-max(sides) // 1))
        if len(sides) < len(self.sources):
            counts[f"{'B' if troubles[0] else 'A'} alone"] += 1
            counts[f"{'A' if troubles[0] else 'B'} {troubles[0] or troubles[1]}, the other sound"] += 1
            return "ok", (0, high)
        if (high - low) * WAD > low * self.divergence:
            counts["apart" if len(sides) == 2 else "one side, a fraction"] += 1
            return "ok", (0 if len(sides) == 2 else low, high)
        counts["close" if len(sides) == 2 else "one side"] += 1
        return "ok", (low, high)

    def shake(self) -> None:
        """Let time pass and set one feed, or heal all of them."""
        rng = self.rng
        if rng.random() < 0.3:
            self.chain.advance_to(self.chain.timestamp + rng.choice([1, 12, 60, 3_600, DAY]))
        now = self.chain.timestamp
        if rng.random() < 0.35:
            for source in self.sources:
                for feed in source.feeds:
                    feed.set(ANSWERS, self.usual[id(feed)], now)
        source = rng.choice(self.sources)
        feed = rng.choice(source.feeds)
        max_age = source.base_max_age if feed is source.base else source.quote_max_age
        usual = self.usual[id(feed)]
        answer, mode, updated_at = usual, ANSWERS, now
        match rng.randrange(10):
            case 0:
                mode = rng.choice([REVERTS, SHORT, BURNS])
            case 1:
                answer = rng.choice([0, -1, -usual, -(2**255)])
            case 2:
                updated_at = rng.choice([0, now + 1, now + DAY, MAX_UINT256])
            case 3 | 4:
                updated_at = now - max_age - rng.choice([0, 1, DAY])
            case 5:
                answer = rng.choice([1, MAX_INT256, spread(rng, 1, MAX_INT256), max(1, usual // 1_000), min(MAX_INT256, usual * 1_000)])
            case 6:
                mode = LONG
            case 7 | 8:
                # Around the divergence that is just allowed.
                step = usual * self.divergence // WAD
                answer = max(1, min(MAX_INT256, usual + rng.choice([-1, 1]) * (step + rng.choice([-step // 50, -1, 0, 1, step // 50]))))
        feed.set(mode, answer, updated_at)


def test_any_state_of_the_feeds_is_one_answer() -> None:
    """Contract, model and fractions agree in over 20,000 states: whatever feeds answer, refuse, burn or date, alone and together."""
    rng, counts = Random("guarded oracle"), Counter[str]()
    while counts["compared"] < 22_000:
        chain = EmbeddedChain(timestamp=START)
        try:
            world = World(chain, rng)
        except Revert as refusal:
            counts[str(refusal)] += 1
            continue
        counts["oracles"] += 1
        for _ in range(110):
            world.shake()
            counts["compared"] += 1
            expected = world.expected(counts)
            assert outcome_of(world.contract.prices) == outcome_of(world.model.prices) == expected, counts["compared"]
    assert min(counts["oracle: no price to start with"], counts["oracle: no usable price"]) >= 5, counts
    assert min(counts[name] for name in ("close", "apart", "A alone", "B alone", "none of two", "one side", "none of one")) >= 400, counts
    kinds = ("stale", "reverts", "short", "burns gas", "zero", "negative", "never updated", "future", "under its bound", "over its bound")
    assert min(counts[kind] for kind in kinds) >= 100, counts
    assert min(counts[f"{side} {kind}, the other sound"] for side in "AB" for kind in kinds) >= 40, counts
    assert counts["over 256 bits"] >= 50, counts


def test_prices_in_figures() -> None:
    """ETH at 2,000 USD and USDC at 0.9999 on one side, 2,010 USDC straight on the other, 2 % allowed: worked out by hand."""
    chain = EmbeddedChain(timestamp=START)
    eth, usdc = (TokenContract.deploy(chain, decimals).address for decimals in (18, 6))
    usd = Source(Feed.make(chain, 8, 2_000 * 10**8, START), 3_600, Feed.make(chain, 8, 99_990_000, START), DAY)
    straight = Source(Feed.make(chain, 18, 2_010 * 10**18, START), 3_600)
    unit = 10**6 * PRICE_SCALE // 10**18  # one USDC an ETH
    contract, model = make_oracles(chain, (eth, usdc), (18, 6), [usd, straight], 100 * unit, 10_000 * unit, WAD // 50)

    def prices() -> Any:
        answers = outcome_of(contract.prices), outcome_of(model.prices)
        assert answers[0] == answers[1]
        return answers[0][1]

    # 2000 / 0.9999 = 2000.2000200020002..., cut after 24 digits behind the point.
    assert prices() == (2_000_200_020_002_000_200_020_002_000, 2_010 * unit)
    straight.base.set(ANSWERS, 1_990 * 10**18, START)
    assert prices() == (1_990 * unit, 2_000_200_020_002_000_200_020_002_001), "what is above is rounded up"
    straight.base.set(ANSWERS, 1_900 * 10**18, START)
    assert prices() == (0, 2_000_200_020_002_000_200_020_002_001), "over 2 % apart"
    straight.base.set(ANSWERS, 2_041 * 10**18, START)
    assert prices() == (0, 2_041 * unit), "over 2 % apart, the other way"
    usd.quote.set(ANSWERS, 99_990_000, START - DAY - 1)  # type: ignore[union-attr]
    assert prices() == (0, 2_041 * unit), "the quote feed is stale, so its side is"
    straight.base.set(ANSWERS, 10_001 * 10**18, START)
    assert prices() == "oracle: no usable price", "one stale, one over its bound"
    usd.quote.set(ANSWERS, 99_990_000, START - DAY)  # type: ignore[union-attr]
    assert prices() == (0, 2_000_200_020_002_000_200_020_002_001), "as old as allowed is fresh"


@pytest.fixture
def flat() -> tuple[EmbeddedChain, list[Source], Callable[..., Any]]:
    """Two single feeds whose answers are prices times 1e36 as they are: collateral with 18 decimals, asset with none, feeds with 18."""
    chain = EmbeddedChain(timestamp=START)
    tokens = [TokenContract.deploy(chain, decimals).address for decimals in (18, 0)]
    sources = [Source(Feed.make(chain, 18, 10**20, START), 3_600) for _ in range(2)]
    low, high = 10**19, 10**22
    contract, model = make_oracles(chain, tokens, (18, 0), sources, low, high, WAD // 50)
    assert contract.call("scale_a") == model.scale_a == 1

    def prices(a: int, b: int) -> Any:
        for source, answer in zip(sources, (a, b), strict=True):
            source.base.set(ANSWERS, answer, chain.timestamp)
        answers = outcome_of(contract.prices), outcome_of(model.prices)
        assert answers[0] == answers[1]
        return answers[0][1]

    return chain, sources, prices


def test_two_percent_are_close_and_a_unit_more_is_not(flat: tuple[EmbeddedChain, list[Source], Callable[..., Any]]) -> None:
    """Measured on the lower price, whichever side it is."""
    _, _, prices = flat
    for low in (10**20, 10**20 + 49, 10**20 + 50, 3 * 10**19 + 7):
        most = low + low // 50
        assert prices(low, most) == prices(most, low) == (low, most)
        assert prices(low, most + 1) == prices(most + 1, low) == (0, most + 1)


def test_bounds_are_prices_too(flat: tuple[EmbeddedChain, list[Source], Callable[..., Any]]) -> None:
    """A price at a bound is one, a unit beyond it is none."""
    _, _, prices = flat
    low, high = 10**19, 10**22
    assert prices(low, low) == (low, low)
    assert prices(low - 1, low) == prices(low, low - 1) == (0, low)
    assert prices(high, high) == (high, high)
    assert prices(high + 1, high) == prices(high, high + 1) == (0, high)
    assert prices(low - 1, high + 1) == "oracle: no usable price"


def test_a_price_rounded_up_over_its_bound_is_none() -> None:
    """1/3 between 3 and 4 of the last digit: within (.., 4], out of (.., 3]; as the low side within [3, ..), out of [4, ..)."""
    for low, high, expected in ((3, 4, (3, 4)), (3, 5, (3, 4)), (2, 3, None), (4, 9, None)):
        chain = EmbeddedChain(timestamp=START)
        tokens = [TokenContract.deploy(chain, decimals).address for decimals in (18, 0)]
        # 10 / 3, feeds with 18 and 0 decimals.
        sources = [Source(Feed.make(chain, 18, 10, START), 60, Feed.make(chain, 0, 3, START), 60)]
        if expected:
            contract, model = make_oracles(chain, tokens, (18, 0), sources, low, high, 0)
            assert contract.prices() == model.prices() == expected
        else:
            with pytest.raises(Revert, match=r"^oracle: no usable price$"):
                make_oracles(chain, tokens, (18, 0), sources, low, high, 0)


def test_an_answer_that_was_never_dated_is_none_on_a_young_chain_too() -> None:
    """A test chain may count its seconds from 1; a date of 0 is no date there either."""
    chain = EmbeddedChain(timestamp=10)
    tokens = [TokenContract.deploy(chain, decimals).address for decimals in (18, 0)]
    sources = [Source(Feed.make(chain, 18, 10**20, 1), 3_600) for _ in range(2)]
    contract, model = make_oracles(chain, tokens, (18, 0), sources, 10**19, 10**22, WAD // 50)
    assert contract.prices() == model.prices() == (10**20, 10**20)
    sources[0].base.set(ANSWERS, 10**20, 0)
    assert contract.prices() == model.prices() == (0, 10**20)


# At creation


class Parameters:
    """What makes a good oracle, to be changed at one place; contract and model are asked alike."""

    def __init__(self) -> None:
        self.chain = EmbeddedChain(timestamp=START)
        self.collateral, self.asset = TokenContract.deploy(self.chain, 18).address, TokenContract.deploy(self.chain, 6).address
        self.token_decimals: list[int | None] = [18, 6]
        self.sources = [Source(self.feed(), 3_600, self.feed(8, 10**8), DAY), Source(self.feed(18, 2_000 * 10**18), 3_600)]
        self.low, self.high, self.divergence = 10**26, 10**28, WAD // 50

    def feed(self, decimals: int = 8, answer: int = 2_000 * 10**8) -> Feed:
        return Feed.make(self.chain, decimals, answer, START)

    def change(self, index: int, **fields: Any) -> None:
        self.sources[index] = replace(self.sources[index], **fields)

    def outcome(self) -> str:
        tokens = self.collateral, self.asset
        try:
            make_oracles(self.chain, tokens, self.token_decimals, self.sources, self.low, self.high, self.divergence)
        except Revert as refusal:
            return str(refusal)
        return ""


def same_base(p: Parameters) -> None:
    p.change(1, base=p.sources[0].base)


def undated(p: Parameters) -> None:
    p.sources[0].base.set(ANSWERS, 2_000 * 10**8, 0)
    p.sources[1].base.set(ANSWERS, 2_000 * 10**18, 0)


def replaced_token(index: int, decimals: int) -> Callable[[Parameters], None]:
    def change(p: Parameters) -> None:
        address = TokenContract.deploy(p.chain, decimals).address
        p.token_decimals[index] = decimals
        p.collateral, p.asset = (address, p.asset) if index == 0 else (p.collateral, address)

    return change


def tokens_without_decimals(p: Parameters) -> None:
    p.collateral, p.token_decimals[0] = OracleMock.deploy(p.chain, 1, 1).address, None


def token_without_code(p: Parameters) -> None:
    p.asset, p.token_decimals[1] = "0x" + "77" * 20, None


def single(**fields: Any) -> Callable[[Parameters], None]:
    def change(p: Parameters) -> None:
        del p.sources[1]
        p.divergence = 0
        for name, value in fields.items():
            setattr(p, name, value)

    return change


def side(index: int, **fields: Any) -> Callable[[Parameters], None]:
    return lambda p: p.change(index, **fields)


def numbers(**fields: int) -> Callable[[Parameters], None]:
    def change(p: Parameters) -> None:
        for name, value in fields.items():
            setattr(p, name, value)

    return change


BOUNDS = "oracle: price bounds out of range"
AGE = "oracle: max_age out of range"
DIVERGENCE = "oracle: max_divergence out of range"
AT_START = "oracle: no price to start with"
WRONG = [
    (lambda _: None, ""),
    (single(), ""),
    (single(divergence=1), DIVERGENCE),
    (numbers(low=0), BOUNDS),
    (numbers(low=10**28), BOUNDS),
    (numbers(low=1, high=MAX_UINT256 - 1), ""),
    (numbers(high=MAX_UINT256), BOUNDS),
    (numbers(low=2 * 10**27, high=2 * 10**27 + 1), ""),
    (numbers(divergence=0), DIVERGENCE),
    (numbers(divergence=1), ""),
    (numbers(divergence=WAD - 1), ""),
    (numbers(divergence=WAD), DIVERGENCE),
    (side(0, base_max_age=0), AGE),
    (side(0, base_max_age=7 * DAY), ""),
    (side(0, base_max_age=7 * DAY + 1), AGE),
    (side(0, quote_max_age=0), AGE),
    (side(0, quote_max_age=7 * DAY), ""),
    (side(0, quote_max_age=7 * DAY + 1), AGE),
    (side(1, base_max_age=0), AGE),
    (side(1, base_max_age=7 * DAY + 1), AGE),
    (side(1, quote_max_age=1), "oracle: no quote feed"),
    (same_base, "oracle: both sides have the same base feed"),
    (lambda p: p.change(0, quote=p.sources[0].base), "oracle: base and quote are the same feed"),
    (replaced_token(0, 19), "oracle: over 18 decimals"),
    (replaced_token(1, 19), "oracle: over 18 decimals"),
    (tokens_without_decimals, "oracle: no decimals"),
    (token_without_code, "oracle: no decimals"),
    (lambda p: p.change(0, base=p.feed(19, 2_000 * 10**19)), "oracle: over 18 decimals"),
    (lambda p: p.change(0, base=p.feed(18, 2_000 * 10**18)), ""),
    (lambda p: p.change(0, quote=p.feed(19, 10**19)), "oracle: over 18 decimals"),
    (lambda p: p.change(0, quote=p.feed(18, 10**18)), ""),
    (lambda p: p.change(1, base=p.feed(8, 2_100 * 10**8)), AT_START),
    (lambda p: p.change(1, base=p.feed(8, -2_000 * 10**8)), AT_START),
    # 8 decimals that hold a price of 18, an asset of 18 decimals taken for one of 6.
    (lambda p: p.change(0, base=p.feed(8, 2_000 * 10**18)), AT_START),
    (replaced_token(1, 18), "oracle: no usable price"),
    (undated, "oracle: no usable price"),
]


@pytest.mark.parametrize(("change", "text"), WRONG)
def test_parameters_are_checked_at_creation(change: Callable[[Parameters], None], text: str) -> None:
    """Accepted at each bound, refused beyond with one text on both sides, and refused without two prices that agree."""
    parameters = Parameters()
    change(parameters)
    assert parameters.outcome() == text


def test_a_side_needs_a_base_feed() -> None:
    """Side A always; side B wherever anything of it is named. The model has no such half side, and refuses the missing one."""
    p = Parameters()
    bounds = {"min_price": p.low, "max_price": p.high}
    good = p.sources[0].on_chain
    for a, b in (
        (NO_SIDE, NO_SIDE),
        (NO_SIDE, good),
        (good, FeedSide(NO_SIDE.base, 1)),
        (good, NO_SIDE._replace(quote=p.sources[1].base.contract.address)),
        (good, NO_SIDE._replace(quote_max_age=1)),
    ):
        with pytest.raises(Reverted, match=r"^oracle: no base feed$"):
            GuardedOracleContract.deploy(p.chain, p.collateral, p.asset, a, b, **bounds)
    with pytest.raises(Revert, match=r"^oracle: no base feed$"):
        GuardedOracle(Decimals(18), Decimals(6), None, p.sources[0].in_model, p.low, p.high, WAD // 50, clock=p.chain)


def test_what_it_was_made_with_can_be_read() -> None:
    """Tokens, sides, scales and bounds: whoever lends can check them."""
    p = Parameters()
    tokens = (p.collateral, p.asset)
    contract, model = make_oracles(p.chain, tokens, (18, 6), p.sources, p.low, p.high, p.divergence)
    assert (contract.call("collateral"), contract.call("asset")) == tokens
    assert contract.call("side_a") == p.sources[0].on_chain
    assert contract.call("side_b") == p.sources[1].on_chain
    for name in ("scale_a", "scale_b", "min_price", "max_price", "max_divergence"):
        assert contract.call(name) == getattr(model, name), name
    # 36 + 6 - 18 decimals, and 8 of the quote feed less 8 or 18 of the base feed.
    assert (model.scale_a, model.scale_b) == (10**24, 10**6)
    assert isinstance(model.side_a, Side)
    assert isinstance(model.side_a.base, FeedTwin)


# Gas


def ask(chain: EmbeddedChain, oracle: GuardedOracleContract, gas: int) -> Any:
    """What `prices()` answers with this much gas, the 21,064 of a transaction aside; "" if it fails."""
    chain._evm.reset_transient_storage()
    checkpoint = chain._evm.snapshot()
    try:
        output = chain._evm.message_call(ASKING, oracle.address, oracle.calldata("prices"), gas=gas + 21_064)
    except RuntimeError:
        return ""
    finally:
        chain._evm.revert(checkpoint)
    return int.from_bytes(output[:32], "big"), int.from_bytes(output[32:], "big")


def four_feeds(p: Parameters) -> GuardedOracleContract:
    """Two sides of two feeds each, at 2,000 and 2,010."""
    p.change(1, base=p.feed(8, 2_010 * 10**8), quote=p.feed(8, 10**8), quote_max_age=DAY)
    return make_oracles(p.chain, (p.collateral, p.asset), (18, 6), p.sources, p.low, p.high, p.divergence)[0]


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("which", [0, 1], ids=["base", "quote"])
def test_a_feed_that_burns_all_gas_leaves_enough_for_the_other_side(index: int, which: int) -> None:
    """With what a pool gives its oracle, wherever the burning feed stands: the sound side answers."""
    p = Parameters()
    oracle = four_feeds(p)
    assert ask(p.chain, oracle, ORACLE_GAS) == (2_000 * 10**24, 2_010 * 10**24)
    p.sources[index].feeds[which].set(BURNS, 1, START)
    assert ask(p.chain, oracle, ORACLE_GAS) == (0, (2_010, 2_000)[index] * 10**24)


def test_the_dearest_feeds_are_within_what_a_pool_gives() -> None:
    """Three feeds that spend nearly all they get and answer, and one that burns all: nothing dearer is possible."""
    p = Parameters()
    tokens = p.collateral, p.asset
    hungry = [place_hungry(p.chain) for _ in range(3)]
    burning = p.feed(8, 10**8)
    sides = FeedSide(hungry[0], DAY, burning.contract.address, DAY), FeedSide(hungry[1], DAY, hungry[2], DAY)
    # 2,000 / 2,000 on side B, so that the bounds are around 1.
    burning.set(ANSWERS, 2_000 * 10**8, START)
    oracle = GuardedOracleContract.deploy(p.chain, *tokens, *sides, min_price=10**23, max_price=10**25, max_divergence=WAD // 50)
    assert ask(p.chain, oracle, ORACLE_GAS) == (10**24, 10**24)
    burning.set(BURNS, 1, START)
    assert ask(p.chain, oracle, ORACLE_GAS) == (0, 10**24)
    assert ask(p.chain, oracle, 1_500_000) == "", "less would not do: these feeds are as dear as they are said to be"


def test_whoever_sends_little_gas_gets_no_other_answer() -> None:
    """From nothing to a pool's gas, in steps and around the thresholds: the true prices or a failure, never a sound feed taken for dead."""
    p = Parameters()
    oracle = four_feeds(p)
    for burning, answer in ((None, 0), (p.sources[0].base, 2_000), (p.sources[1].quote, 1)):
        if burning is not None:
            burning.set(BURNS, 1, START)
        truth = ask(p.chain, oracle, ORACLE_GAS)
        answers = Counter(ask(p.chain, oracle, gas) for gas in [*range(0, ORACLE_GAS, 5_003), *range(400_000, 450_000, 97)])
        assert set(answers) == {"", truth}
        assert min(answers.values()) > 50
        if burning is not None:
            burning.set(ANSWERS, answer * 10**8, START)


@pytest.mark.parametrize("is_hungry_first", [True, False])
def test_a_feed_gets_its_share_however_little_is_sent(is_hungry_first: bool) -> None:
    """A feed that needs nearly its 400,000 is never cut short: at every amount of gas it answers whole, or the oracle fails."""
    p = Parameters()
    sides = [FeedSide(place_hungry(p.chain), DAY), FeedSide(AggregatorMock.deploy(p.chain, 8, 2_000 * 10**8, START).address, DAY)]
    ordered = sides if is_hungry_first else sides[::-1]
    oracle = GuardedOracleContract.deploy(
        p.chain, p.collateral, p.asset, *ordered, min_price=10**26, max_price=10**28, max_divergence=WAD // 50
    )
    truth = (2_000 * 10**24, 2_000 * 10**24)
    assert ask(p.chain, oracle, ORACLE_GAS) == truth
    answers = Counter(ask(p.chain, oracle, gas) for gas in [*range(350_000, 900_000, 1_009), *range(400_000, 430_000, 43)])
    assert set(answers) == {"", truth}
    assert min(answers.values()) > 50


def place_hungry(chain: EmbeddedChain) -> str:
    """A feed with 8 decimals at 2,000, dated START, that spends nearly 400,000 gas before it answers."""
    loop, decimals = 0x12, 0x30
    runtime = bytes.fromhex(
        f"5f3560e01c63313ce5671460{decimals:02x}57"  # the selector of decimals() leads to `decimals`
        f"62{399_900 // 26:06x}"  # rounds of 26 gas
        f"5b600190038060{loop:02x}57"  # round: one less, again unless it is none
        f"64{2_000 * 10**8:010x}602052"
        f"63{START:08x}606052"
        "60a05ff3"  # (0, answer, 0, START, 0)
        "5b60085f5260205ff3"  # decimals: 8
    )
    assert runtime[loop] == runtime[decimals] == 0x5B
    return chain.deploy(ASKING, bytes.fromhex(f"61{len(runtime):04x}80600a5f395ff3") + runtime)
