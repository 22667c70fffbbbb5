"""What pictures are to become -> the domains, or the conditions, that a style is called with."""

from __future__ import annotations

from collections.abc import Sequence

from translate.convert.conditions import row_of
from translate.convert.planning import Domain
from translate.errors import UserError
from translate.style.conditions import Wanted
from translate.style.contract import StyleInfo
from translate.style.session import condition_of, domain_input


def chosen_targets(
    style: StyleInfo, *, domain: Sequence[str] | None, all_domains: bool, conditions: Sequence[str] | None
) -> list[Domain]:
    """What to translate every picture to, one after another; [None] for a style without domains or condition.

    Raises ``UserError`` for what does not suit the style.
    """
    if all_domains and domain:
        raise UserError("<domain> and <all_domains> exclude each other")
    if all_domains and not style.domains:
        raise UserError(f"<all_domains>: {style.title!r} has no domains; leave it out")
    if conditions and (domain or all_domains):
        raise UserError("<condition> does not go with domains: no style has both")
    if all_domains:
        return [(name,) for name in style.domains]
    if conditions:
        return list(dict.fromkeys(wanted_condition(style, text) for text in conditions))
    return [chosen_target(style, domain=chosen_domain(domain))]


def chosen_target(style: StyleInfo, *, domain: Sequence[str] | None, condition: str | None = None) -> Domain:
    """What to translate every picture to: ``domain``, several names, or ``condition``; raises as `chosen_targets`."""
    if condition is not None and domain is not None:
        raise UserError("<condition> does not go with domains: no style has both")
    if condition is not None:
        return wanted_condition(style, condition)
    chosen = None if domain is None else tuple(domain)
    domain_input(style, [chosen])
    return chosen


def chosen_domain(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The domain that ``names``, as they were given, choose: an empty name stands for no attribute at all."""
    return tuple(name for name in names if name) if names else None


def wanted_condition(style: StyleInfo, text: str) -> Wanted:
    """The condition that ``text`` states. Raises ``UserError`` for a style without, and for what it does not take."""
    info = condition_of(style)
    if info is None:
        raise UserError(f"<condition> {text}: {style.title!r} takes no condition; leave it out")
    return Wanted(text, row_of(info, text))
