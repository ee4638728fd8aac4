with incidents as (

    select * from {{ ref('fct_incidents') }}

),

final as (

    select
        severity,
        count(*) as incidents,
        count(*) filter (where is_open) as open_incidents,
        count(*) filter (where not is_open) as resolved_incidents,
        round(avg({{ exact('resolve_hours') }}), 6) as mean_hours,
        quantile_cont(resolve_hours, [0.5, 0.9]) as quantiles

    from incidents

    group by severity

)

select
    severity,
    incidents,
    open_incidents,
    resolved_incidents,
    case when resolved_incidents >= {{ var('least_count') }} then mean_hours end as mean_resolve_hours,
    case when resolved_incidents >= {{ var('least_count') }} then quantiles[1] end as median_resolve_hours,
    case when resolved_incidents >= {{ var('least_count') }} then quantiles[2] end as p90_resolve_hours

from final
