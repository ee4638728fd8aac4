with types as (

    select * from {{ ref('rpt_component_type') }}

),

worst as (

    -- The lowest ratio of observed to target MTBF; a type without failures has none.
    select
        component_type as worst_type,
        mtbf_ratio as worst_ratio,
        mtbf_low_hours / target_mtbf_hours as worst_ratio_low,
        mtbf_high_hours / target_mtbf_hours as worst_ratio_high,
        verdict as worst_verdict

    from types

    where mtbf_ratio is not null

    order by mtbf_ratio, component_type

    limit 1

),

final as (

    select
        count(*) as component_types,
        count(*) filter (where types.verdict = 'below target') as types_below,
        count(*) filter (where types.verdict = 'not clear') as types_not_clear,
        any_value(worst.worst_type) as worst_type,
        any_value(worst.worst_ratio) as worst_ratio,
        any_value(worst.worst_ratio_low) as worst_ratio_low,
        any_value(worst.worst_ratio_high) as worst_ratio_high,
        case
            when count(*) filter (where types.verdict = 'below target') > 0 then 'warn'
            when count(*) filter (where types.verdict != 'above target') = 0 and count(*) > 0 then 'good'
        end as types_tone,
        case any_value(worst.worst_verdict)
            when 'below target' then 'bad'
            when 'above target' then 'good'
        end as worst_tone

    from types
    left join worst on true

)

select * from final
