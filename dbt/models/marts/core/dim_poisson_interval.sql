-- The exact interval of a Poisson mean (Garwood, Biometrika 28, 1936): the means at which as few, or as many, events as
-- were seen would be an accident. Found by bisection, as SQL has no quantiles of χ².
with recursive ends as (

    select
        range as events,
        'high' as bound,
        range as up_to,
        (1 - {{ var('interval_level') }}) / 2 as probability

    from range(0, {{ var('poisson_exact_up_to') }} + 1)

    union all

    select
        range as events,
        'low' as bound,
        range - 1 as up_to,
        (1 + {{ var('interval_level') }}) / 2 as probability

    from range(1, {{ var('poisson_exact_up_to') }} + 1)

),

bisected as (

    select
        *,
        cast(0 as double) as floor,
        cast(2 * up_to + 20 as double) as ceiling,
        0 as step

    from ends

    union all

    select
        events,
        bound,
        up_to,
        probability,
        case when at_most > probability then middle else floor end as floor,
        case when at_most > probability then ceiling else middle end as ceiling,
        step + 1 as step

    from (
        select
            *,
            (floor + ceiling) / 2 as middle,
            list_sum([
                exp(k * ln((floor + ceiling) / 2) - (floor + ceiling) / 2 - lgamma(k + 1)) for k in range(0, up_to + 1)
            ]) as at_most

        from bisected

        where step < 60
    ) as halved

),

final as (

    select
        events,
        round(coalesce(max(floor) filter (where bound = 'low'), 0), 9) as low,
        round(max(floor) filter (where bound = 'high'), 9) as high

    from bisected

    where step = 60

    group by events

)

select * from final
