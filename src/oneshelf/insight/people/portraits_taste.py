"""Portraits of everybody: which categories and brands people like more than others do, and what prices they pay."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from oneshelf.insight.people.portraits_words import best, total

#: Decimals of the price index: sums of floats depend on their order in the last digits, and equal people must come out equal.
INDEX_DECIMALS = 4


def taste(orders: ir.Table, products: ir.Table) -> ir.Table:
    """One row a person with lines: favourite_category, its share and index, and the same of brands."""
    baskets = baskets_by_group(orders, products)
    categories = _favourites(baskets, "category")
    return categories.join(_favourites(baskets, "brand"), "person_id")


def baskets_by_group(orders: ir.Table, products: ir.Table, *, by_person: bool = True) -> ir.Table:
    """How often products of each category and brand were in baskets: person_id (if asked for), category, brand, baskets."""
    # two lines of one product are one purchase
    bought = orders.select(
        "person_id", product_id=orders.lines.map(lambda line: line.product_id).unique().unnest()
    )
    catalogue = products.select(
        catalogued_id="id", category=products.category.nullif(""), brand=products.brand.nullif("")
    )
    joined = bought.left_join(catalogue, bought.product_id == catalogue.catalogued_id)
    keys = ("person_id", "category", "brand") if by_person else ("category", "brand")
    return joined.group_by(*keys).aggregate(baskets=joined.count().cast("int64"))


def everybodys_baskets(orders: ir.Table, products: ir.Table) -> ir.Table:
    """How often products of each category and brand were in the baskets of known people: category, brand, baskets."""
    return baskets_by_group(orders.filter(orders.person_id.notnull()), products, by_person=False)


def everybodys_shares(baskets: ir.Table, group: str) -> ir.Table:
    """Each category's (or brand's) share of everybody's baskets: name, share; products without one count in the whole."""
    counts = baskets.group_by(group).aggregate(baskets=total(baskets.baskets))
    whole = counts.mutate(whole=counts.baskets.sum().over(ibis.window()))
    return whole.filter(whole[group].notnull()).select(name=group, share=whole.baskets / whole.whole)


def _favourites(baskets: ir.Table, group: str) -> ir.Table:
    counts = baskets.group_by("person_id", group).aggregate(baskets=total(baskets.baskets))
    counts = counts.mutate(whole=counts.baskets.sum().over(ibis.window(group_by="person_id")))
    # products without a category count in the whole but are no favourite
    top = best(counts, "person_id", counts[group].isnull(), counts.baskets.desc(), counts[group])
    shares = everybodys_shares(baskets, group)
    joined = top.left_join(shares.rename(everybodys="share"), top[group] == shares.name)
    share = joined[group].notnull().ifelse(joined.baskets / joined.whole, ibis.null("float64"))
    return joined.select(
        "person_id",
        **{
            f"favourite_{group}": joined[group],
            f"favourite_{group}_share": share,
            f"favourite_{group}_index": share / joined.everybodys * 100,
        },
    )


def price_index(everybodys: ir.Table, orders: ir.Table, currencies: ir.Table) -> ir.Table:
    """One row a person: the price of a piece over the product's median of that day, weighted by what lines came to, times 100.

    `everybodys` are all orders, those of nobody known included; `currencies` is (person_id, currency): only lines in a person's own
    currency count. A median of nothing says nothing.
    """
    medians = _medians(everybodys)
    lines = _priced(orders, "person_id")
    joined = lines.join(medians, ["product_id", "day", "currency", "unit"])
    joined = joined.filter((joined.median > 0) & (joined.amount_minor > 0))
    weight = joined.amount_minor.cast("float64")
    sums = joined.group_by("person_id", "currency").aggregate(
        weighted=(weight * (joined.price / joined.median)).sum(), weight=weight.sum()
    )
    own = sums.join(currencies, ["person_id", "currency"])
    return own.select("person_id", price_index=(own.weighted / own.weight * 100).round(INDEX_DECIMALS))


def _priced(orders: ir.Table, *keep: str) -> ir.Table:
    rows = orders.select(*keep, "day", "currency", line=orders.lines.unnest())
    rows = rows.select(
        *keep,
        "day",
        "currency",
        product_id=rows.line.product_id,
        unit=rows.line.unit,
        amount_minor=rows.line.amount_minor,
        quantity=rows.line.quantity,
    )
    rows = rows.filter(rows.quantity > 0)
    return rows.mutate(price=rows.amount_minor / rows.quantity)


def _medians(orders: ir.Table) -> ir.Table:
    """The median price of a piece of each product on each day: product_id, day, currency, unit, median.

    Few different prices stand on many lines, so that equal ones are counted first and the middle is found among the counts.
    """
    keys = ("product_id", "day", "currency", "unit")
    lines = _priced(orders)
    prices = lines.group_by(*keys, "price").aggregate(lines=lines.count())
    upto = ibis.cumulative_window(group_by=keys, order_by="price")
    ranked = prices.mutate(
        upto=prices.lines.sum().over(upto), all_lines=prices.lines.sum().over(ibis.window(group_by=keys))
    )
    # of n lines, counted from 1, the one in the middle or the two
    low = ranked.price.min(where=ranked.upto >= (ranked.all_lines + 1) // 2)
    high = ranked.price.min(where=ranked.upto >= ranked.all_lines // 2 + 1)
    found = ranked.group_by(*keys).aggregate(low=low, high=high)
    return found.select(*keys, median=(found.low + found.high) / 2)
