with possible as (

    select unnest(range((select count(*) from {{ ref('fct_incidents') }}) + 1)) as incidents

),

final as (

    select
        possible.incidents,
        round({{ poisson('possible.incidents', 'exact', 'low') }}, 6) as low,
        round({{ poisson('possible.incidents', 'exact', 'high') }}, 6) as high

    from possible
    left join {{ ref('dim_poisson_interval') }} as exact on possible.incidents = exact.events

    where possible.incidents >= {{ var('least_count') }}

)

select * from final
