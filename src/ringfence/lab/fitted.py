"""A scenario whose models and depth are fitted to what its file named, ready for paths."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario import Market, PriceModel, Scenario

Fitted = TypeVar("Fitted")


def fitted(scenario: Scenario) -> Scenario:
    """The scenario with every parameter that was still to be fitted; one that needs none is returned as it is.

    Raises InputError where a fit finds nothing.
    """
    prices, market = scenario.prices, scenario.market
    if prices.to_fit:
        prices = _found(scenario, "[prices] fit", lambda: _fitted_prices(prices), "give more of it")
    if market.quotes:
        market = _found(scenario, "[market] quotes", lambda: _fitted_market(market), "give quotes of one market at one time")
    return replace(scenario, prices=prices, market=market)


def _found(scenario: Scenario, column: str, fit: Callable[[], Fitted], instead: str) -> Fitted:
    try:
        return fit()
    except ValueError as err:
        remedy = f"{instead}, or the parameters themselves"
        raise InputError(scenario.file, f"cannot be fitted: {err}", column=column, remedy=remedy) from err


def _fitted_prices(model: PriceModel) -> PriceModel:
    from ringfence.lab.fits import fit_garch, fit_tail

    if model.to_fit == "garch":
        omega, alpha, beta, mean, degrees = fit_garch(model.returns)
        return replace(model, returns=(), to_fit="", omega=omega, alpha=alpha, beta=beta, mean=mean, degrees=degrees)
    low, shape_low, scale_low, high, shape_high, scale_high = fit_tail(model.returns, 1.0 - model.tail_part)
    return replace(
        model,
        to_fit="",
        threshold_low=low,
        shape_low=shape_low,
        scale_low=scale_low,
        threshold_high=high,
        shape_high=shape_high,
        scale_high=scale_high,
    )


def _fitted_market(market: Market) -> Market:
    from ringfence.lab.fits import fit_depth

    a, b = fit_depth([amount for amount, _ in market.quotes], [impact for _, impact in market.quotes])
    return replace(market, a=a, b=b, quotes=())
