-- The nightly portraits by hand, for a shop whose people only order (so that what never happened is a constant).
with orders as not materialized (
    select "offset", "index", person_id, happened_at, place_id, channel, currency, day, simulated, lines,
        cast(floor(epoch(happened_at)) as bigint) // 86400 as utc_day,
        happened_at at time zone 'America/New_York' as local_at
    from read_parquet('{orders}', hive_partitioning = true)
    where person_id is not null
),
catalogue as (select id, nullif(category, '') as category, nullif(brand, '') as brand from read_parquet('{products}')),
sums as (
    select "offset", "index",
        sum(line.amount_minor)::bigint as amount_minor,
        coalesce(sum(line.amount_minor) filter (line.discount_minor > 0), 0)::bigint as promoted_minor,
        sum(line.coupon_minor)::bigint as coupon_minor,
        count(line.cost_minor) as costed_lines,
        coalesce(sum(line.amount_minor - line.cost_minor), 0)::bigint as margin_minor,
        sum(case when line.unit = 'each' then line.quantity else 1 end)::bigint as pieces
    from (select "offset", "index", unnest(lines) as line from orders)
    group by all
),
receipts as (
    select person_id, currency, utc_day, happened_at, coalesce(amount_minor, 0) as amount_minor,
        coalesce(promoted_minor, 0) as promoted_minor, coalesce(coupon_minor, 0) as coupon_minor,
        coalesce(costed_lines, 0) as costed_lines, coalesce(margin_minor, 0) as margin_minor, coalesce(pieces, 0) as pieces
    from orders left join sums using ("offset", "index")
),
by_currency as (
    select person_id, currency, count(*) as orders, sum(amount_minor)::bigint as amount_minor,
        sum(promoted_minor)::bigint as promoted_minor, sum(coupon_minor)::bigint as coupon_minor,
        sum(costed_lines) as costed_lines, sum(margin_minor)::bigint as margin_minor,
        sum(pieces)::bigint as pieces, count(*) filter (coupon_minor <> 0) as coupon_orders,
        min(happened_at) as first_at, max(happened_at) as last_at,
        coalesce(sum(amount_minor) filter (utc_day > 17532 - 91 and utc_day <= 17532), 0)::bigint as spend_91,
        coalesce(sum(amount_minor) filter (utc_day > 17532 - 364 and utc_day <= 17532), 0)::bigint as spend_364,
        count(*) filter (utc_day > 17532 - 91 and utc_day <= 17532) as orders_91,
        count(*) filter (utc_day > 17532 - 28 and utc_day <= 17532) as orders_28
    from receipts
    group by all
),
totals as (
    select person_id, sum(orders)::bigint as frequency, sum(coupon_orders)::bigint as coupon_orders,
        sum(pieces)::bigint as pieces, min(first_at) as first_order_at, max(last_at) as last_order_at,
        sum(orders_91)::bigint as orders_last_91_days, sum(orders_28)::bigint as orders_last_28_days
    from by_currency
    group by all
),
main as (
    select * from by_currency
    qualify row_number() over (partition by person_id order by amount_minor desc, currency) = 1
),
order_days as (select distinct person_id, utc_day from receipts),
gaps as (
    select person_id, utc_day - lag(utc_day) over (partition by person_id order by utc_day) as gap from order_days
),
rhythm as (select person_id, count(*) as order_days, median(gap) as repurchase_interval_days from gaps group by all),
clocked as (
    select person_id, place_id,
        case when hour(local_at) >= 22 or hour(local_at) < 5 then 'night' when hour(local_at) >= 17 then 'evening'
            when hour(local_at) >= 14 then 'afternoon' when hour(local_at) >= 11 then 'midday' else 'morning' end as part,
        isodow(local_at) >= 6 as weekend
    from orders
),
parts as (
    select person_id, part, count(*) as n from clocked group by all
),
favourite_part as (
    select person_id, part as favourite_daypart from parts
    qualify row_number() over (
        partition by person_id
        order by n desc, list_position(['morning', 'midday', 'afternoon', 'evening', 'night'], part)) = 1
),
weekends as (select person_id, avg(weekend::int) as weekend_share from clocked group by all),
main_place as (
    select person_id, place_id as main_place_id from (select person_id, place_id, count(*) as n from clocked group by all)
    qualify row_number() over (partition by person_id order by n desc, place_id) = 1
),
channels as (
    select person_id, channel, count(*) as orders, count(distinct utc_day) as visits from orders group by all
),
pivoted as (
    select person_id,
        arg_min(channel, (-visits, channel)) as main_channel,
        coalesce(sum(orders) filter (channel = 'store'), 0)::bigint as orders_store,
        coalesce(sum(orders) filter (channel = 'web'), 0)::bigint as orders_web,
        coalesce(sum(orders) filter (channel = 'app'), 0)::bigint as orders_app,
        coalesce(sum(orders) filter (channel = 'phone'), 0)::bigint as orders_phone,
        coalesce(sum(orders) filter (channel = 'unknown'), 0)::bigint as orders_unknown,
        coalesce(sum(visits) filter (channel = 'store'), 0)::bigint as visits_store,
        coalesce(sum(visits) filter (channel = 'web'), 0)::bigint as visits_web,
        coalesce(sum(visits) filter (channel = 'app'), 0)::bigint as visits_app,
        coalesce(sum(visits) filter (channel = 'phone'), 0)::bigint as visits_phone,
        coalesce(sum(visits) filter (channel = 'unknown'), 0)::bigint as visits_unknown
    from channels
    group by all
),
latest as (
    select person_id, bool_or(simulated) as simulated,
        arg_max({'place': place_id, 'channel': channel}, (happened_at, place_id, channel)) as seen
    from orders
    group by all
),
baskets as (
    select person_id, category, brand, count(*) as baskets
    from (
        select distinct "offset", "index", person_id, line.product_id as product_id
        from (select "offset", "index", person_id, unnest(lines) as line from orders)
    ) left join catalogue on product_id = id
    group by all
),
categories as (
    select person_id, category, sum(baskets)::bigint as n, sum(sum(baskets)) over (partition by person_id) as whole
    from baskets group by person_id, category
),
category_shares as (
    select category, sum(baskets) / sum(sum(baskets)) over () as share from baskets group by category
),
favourite_categories as (
    select person_id, c.category as favourite_category, case when c.category is not null then n / whole end as favourite_category_share,
        n / whole / s.share * 100 as favourite_category_index
    from categories c left join category_shares s on s.category = c.category
    qualify row_number() over (partition by person_id order by c.category is null, n desc, c.category) = 1
),
brands as (
    select person_id, brand, sum(baskets)::bigint as n, sum(sum(baskets)) over (partition by person_id) as whole
    from baskets group by person_id, brand
),
brand_shares as (select brand, sum(baskets) / sum(sum(baskets)) over () as share from baskets group by brand),
favourite_brands as (
    select person_id, b.brand as favourite_brand, case when b.brand is not null then n / whole end as favourite_brand_share,
        n / whole / s.share * 100 as favourite_brand_index
    from brands b left join brand_shares s on s.brand = b.brand
    qualify row_number() over (partition by person_id order by b.brand is null, n desc, b.brand) = 1
),
priced as not materialized (
    select person_id, day, currency, line.product_id as product_id, line.unit as unit, line.amount_minor as amount_minor,
        line.amount_minor / line.quantity as price
    from (select person_id, day, currency, unnest(lines) as line from orders)
    where line.quantity > 0
),
medians as (select product_id, day, currency, unit, median(price) as middle from priced group by all),
price_indexes as (
    select person_id, currency, round(sum(amount_minor * (price / middle)) / sum(amount_minor) * 100, 4) as price_index
    from priced join medians using (product_id, day, currency, unit)
    where middle > 0 and amount_minor > 0
    group by all
)
select totals.person_id, first_order_at as first_seen_at, last_order_at as last_seen_at, seen.place as last_place_id,
    seen.channel as last_channel, first_order_at, last_order_at,
    greatest(0, (1514808000 - floor(epoch(last_order_at))::bigint) // 86400) as recency_days, frequency, order_days,
    main.currency, main.amount_minor as monetary_minor, 0::bigint as refunds, 0::bigint as refunded_minor,
    round(main.amount_minor / main.orders)::bigint as average_order_minor, totals.pieces / frequency as units_per_order,
    case when costed_lines > 0 then margin_minor end as margin_minor,
    greatest(0, (1514808000 - floor(epoch(first_order_at))::bigint) // 86400) as customer_age_days,
    repurchase_interval_days, favourite_category, favourite_category_share, favourite_category_index,
    favourite_brand, favourite_brand_share, favourite_brand_index, main_channel,
    orders_store, orders_web, orders_app, orders_phone, orders_unknown,
    visits_store, visits_web, visits_app, visits_phone, visits_unknown,
    main_place_id, favourite_daypart, weekend_share,
    case when main.amount_minor > 0 then promoted_minor / main.amount_minor end as promoted_share, price_index,
    totals.coupon_orders, coupon_minor, totals.coupon_orders / frequency as coupon_share, 0::bigint as coupons_redeemed,
    0::bigint as favourited_not_bought_count, 0::bigint as searched_count, 0::bigint as viewed_count,
    null::varchar as life_stage, null::varchar as household_size, spend_91 as spend_last_91_days_minor,
    orders_last_91_days, orders_last_28_days, spend_364 as spend_last_364_days_minor, simulated
from totals
join main using (person_id)
join rhythm using (person_id)
join favourite_part using (person_id)
join weekends using (person_id)
join main_place using (person_id)
join pivoted using (person_id)
join latest using (person_id)
left join favourite_categories using (person_id)
left join favourite_brands using (person_id)
left join price_indexes on price_indexes.person_id = main.person_id and price_indexes.currency = main.currency
