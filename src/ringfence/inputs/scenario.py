"""A scenario: how prices move, what the oracle shows of them, what the market takes, and who comes to liquidate.

Times are whole seconds, fractions plain floats (0.05 is 5 %), prices multiples of the start price. These figures are assumptions about
the world and never enter the exact rule, so they are floats; what the pool does with them is integers in `lab/micro.py`.
"""

from dataclasses import dataclass, replace

from ringfence.inputs.tables import Source

NEVER_MOVES = 1e9
"""The deviation of a feed that no move of the price wakes."""
NEVER_BEATS = 100 * 365 * 86_400
"""The heartbeat of a feed that no time wakes: longer than any path."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` until before `end` (seconds since the beginning of a path)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PriceModel:
    """How the market price moves from a start of 1; only the fields of `kind` are used.

    history     `returns` in their order from a random (or the first, `from_first`) row
    bootstrap   blocks of `block` rows of `returns`, drawn with replacement
    profile     `points` (second, multiple), the first (0, 1), joined by straight lines of log price, flat behind the last, plus noise of
                `volatility`
    gbm         drift, volatility (a year), jumps: `jumps_per_year`, mean and deviation of a jump's log size
    ou          log price pulled back to 0 with `half_life` seconds, volatility a year
    garch       GARCH(1,1) with Student t: `omega, alpha, beta` of log returns a row, `degrees`, `mean` a row
    tail        bootstrap whose returns beyond `threshold_low`, `threshold_high` are replaced by generalised Pareto draws (`shape_*`,
                `scale_*`)
    depeg       ou, and `jumps_per_year` of a default after which the price is pulled to `depeg_level` instead of 1
    """

    kind: str
    returns: tuple[float, ...] = ()
    """Log returns, one a row of `row_seconds`."""
    row_seconds: int = 3600
    block: int = 24
    from_first: bool = False
    points: tuple[tuple[int, float], ...] = ()
    drift: float = 0.0
    volatility: float = 0.0
    jumps_per_year: float = 0.0
    jump_mean: float = 0.0
    jump_deviation: float = 0.0
    half_life: int = 86_400
    depeg_level: float = 1.0
    omega: float = 0.0
    alpha: float = 0.0
    beta: float = 0.0
    mean: float = 0.0
    degrees: float = 8.0
    threshold_low: float = 0.0
    threshold_high: float = 0.0
    shape_low: float = 0.0
    scale_low: float = 0.0
    shape_high: float = 0.0
    scale_high: float = 0.0
    to_fit: str = ""
    """Either `garch` or `tail` while those parameters are still to be fitted to `returns`; `lab/fitted.py` does it."""
    tail_part: float = 0.05
    """The part of the returns at each end that a fitted tail is made of."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One price feed: publishes what it sees when `heartbeat` seconds have passed or the price has moved by `deviation`.

    It sees the market of `delay` seconds ago, times `1 + bias` within `biased`. Within `frozen` it publishes nothing. With `fixed` it
    shows that multiple of the start price for ever, and never grows old.
    """

    heartbeat: int = 0
    deviation: float = 0.0
    delay: int = 0
    frozen: tuple[Window, ...] = ()
    fixed: float | None = None
    bias: float = 0.0
    biased: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Oracle:
    """One feed or two; the pool liquidates at the highest price that is not older than `max_age` seconds (0: any age), else not at all."""

    feeds: tuple[Feed, ...] = (Feed(),)
    max_age: int = 0


@dataclass(frozen=True, slots=True)
class Market:
    """What the market takes: selling Q collateral (whole tokens) into a rested market brings price * Q / (1 + a * Q^b).

    What was sold weighs on the market and is forgotten with `recovery` (half-life in seconds, 0: at once, by the next step). `cascade` is
    the part of the price impact that other markets, and so the oracle, see (0 none, 1 all). a = 0: infinite depth. 0 < b <= 1.

    With `per_book` Q is not tokens but a part of all the collateral of the book, so that one scenario suits books of any size.
    """

    a: float = 0.0
    b: float = 1.0
    recovery: int = 0
    cascade: float = 0.0
    per_book: bool = False
    quotes: tuple[tuple[float, float], ...] = ()
    """(amount in whole collateral tokens, price impact as a fraction) while a and b are still to be fitted to them; `lab/fitted.py` does
    it."""

    def for_book(self, collateral: float) -> "Market":
        """The same market with Q in whole tokens, for a book of so much collateral (whole tokens)."""
        if not self.per_book:
            return self
        return replace(self, a=self.a / collateral**self.b, per_book=False)


@dataclass(frozen=True, slots=True)
class Liquidators:
    """Who sells: `gas` a sale and `min_profit` a sale (whole asset tokens), `capital` to pay with in one step (None: unlimited), `latency`
    seconds between seeing and selling, fewest incentive they come for, and when nobody comes.

    `order`: riskiest-first, safest-first, largest-first, random. Random outages begin `outages_per_year` times a year and last
    `outage_length` seconds.
    """

    gas: float = 0.0
    min_profit: float = 0.0
    min_incentive: float = 0.0
    capital: float | None = None
    latency: int = 0
    outages: tuple[Window, ...] = ()
    outages_per_year: float = 0.0
    outage_length: int = 0
    order: str = "riskiest-first"


@dataclass(frozen=True, slots=True)
class Lenders:
    """Lenders who run: once the market price has fallen by `run_at_fall`, `run_share` of the lender shares leave as cash allows.

    `low_cash` is the part of supply below which cash counts as low.
    """

    run_share: float = 0.0
    run_at_fall: float = 0.0
    low_cash: float = 0.05


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scenario says of its own result, so that a run can check it: a metric, a sign (= < <= > >=), and a number or another metric.

    `kind` is "fails" or "holds": which of the two sentences it belongs to.
    """

    kind: str
    metric: str
    sign: str
    other: str | float

    @property
    def text(self) -> str:
        """As the file says it: `loss_mean > 0`."""
        return f"{self.metric} {self.sign} {self.other if isinstance(self.other, str) else f'{self.other:.12g}'}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario, with the names of the inputs that are defaults and not somebody's decision."""

    name: str
    prices: PriceModel
    oracle: Oracle = Oracle()
    market: Market = Market()
    liquidators: Liquidators = Liquidators()
    lenders: Lenders = Lenders()
    step: int = 3600
    start: str | None = None
    """Start price as a decimal of whole asset per whole collateral; None: asked for elsewhere."""
    correlation: float = 1.0
    """Correlation of the price moves of several pools under one factor."""
    description: str = ""
    fails: str = ""
    """What fails in this scenario, in one sentence."""
    holds: str = ""
    """What holds in it, in one sentence."""
    defaults: tuple[str, ...] = ()
    """Which of prices, oracle, market, liquidators, lenders were left to defaults."""
    source: Source | None = None
    notices: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    """The two sentences in a form that a run checks; `inputs/claims.py` does it."""
    sources: tuple[Source, ...] = ()
    """The histories and quotes it was read from besides."""

    @property
    def file(self) -> str:
        """The file's path, or what a message calls a scenario without one."""
        return self.source.path if self.source else "scenario"
