with incidents as (

    select * from {{ ref('fct_incidents') }}

),

final as (

    select
        severity,
        count(*) as incidents,
        count(*) filter (where is_open) as open_incidents,
        count(*) filter (where not is_open) as resolved_incidents,
        round(avg(resolve_hours), 6) as mean_resolve_hours,
        median(resolve_hours) as median_resolve_hours,
        quantile_cont(resolve_hours, 0.9) as p90_resolve_hours

    from incidents

    group by severity

)

select * from final
