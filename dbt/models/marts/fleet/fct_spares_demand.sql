with parts as (

    select * from {{ ref('fct_inventory_status') }}

),

working_components as (

    select
        components.part_number,
        coalesce(nullif(components.observed_mtbf_hours, 0), components.target_mtbf_hours) as mtbf_hours

    from {{ ref('fct_component_reliability') }} as components
    left join {{ ref('stg_towers') }} as towers on components.tower_id = towers.tower_id

    where
        not components.is_failed
        and towers.status is distinct from 'decommissioned'

),

-- Failures of n working parts over a lead time L are Poisson with mean n × L / MTBF while the failure rate is constant
-- (Sherbrooke, Optimal Inventory Modeling of Systems, chapter 2). Decimals add up to the same sum in any order.
demand as (

    select
        parts.part_number,
        count(*) as working_component_count,
        cast(
            sum(cast(parts.lead_time_days * 24 / working_components.mtbf_hours as decimal(18, 6))) as double
        ) as expected_failures

    from parts
    inner join working_components on parts.part_number = working_components.part_number

    group by parts.part_number

),

-- Ten standard deviations above the mean are past any service level that a double can distinguish from 1.
stock_levels as (

    select
        part_number,
        expected_failures,
        unnest(range(cast(ceil(expected_failures + 10 * sqrt(expected_failures) + 10) as bigint))) as spares

    from demand

    where expected_failures > 0

),

service_levels as (

    select
        part_number,
        spares,
        sum(cast(exp(spares * ln(expected_failures) - expected_failures - lgamma(spares + 1)) as decimal(38, 18)))
            over (partition by part_number order by spares)
            as failures_covered_share

    from stock_levels

),

needs as (

    select
        part_number,
        min(spares) as spares_needed

    from service_levels

    where failures_covered_share >= {{ var('spares_service_level') }}

    group by part_number

),

final as (

    select
        -- keys
        parts.part_number,

        -- attributes
        parts.description,
        parts.category,

        -- stock
        parts.available_stock,
        parts.in_transit,
        parts.lead_time_days,
        parts.stock_status,

        -- demand
        coalesce(demand.working_component_count, 0) as working_component_count,
        round(coalesce(demand.expected_failures, 0), 3) as expected_failures_in_lead_time,
        coalesce(needs.spares_needed, 0) as spares_needed,
        greatest(coalesce(needs.spares_needed, 0) - parts.available_stock - parts.in_transit, 0) as spares_to_order

    from parts
    left join demand on parts.part_number = demand.part_number
    left join needs on parts.part_number = needs.part_number

)

select
    *,
    case
        when spares_to_order > 0 then 'order'
        when spares_needed > available_stock then 'wait'
        else 'enough'
    end as spares_advice

from final
