with incidents as (

    select * from {{ ref('fct_incidents') }}

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        site_id,
        root_cause,
        category,
        count(*) as incidents,
        count(*) filter (where severity in ('P1', 'P2')) as urgent_incidents,
        count(resolve_hours) as resolved_incidents,
        case when count(resolve_hours) >= {{ var('least_count') }} then median(resolve_hours) end
            as median_resolve_hours

    from incidents

    where root_cause is not null

    group by grouping sets ((site_id, root_cause, category), (root_cause, category))

)

select * from final
