-- One row: spares to order over all parts; null, with the reason, where no component uses any of them
select
    case when sum(working_component_count) > 0 or sum(spares_to_order) > 0 then sum(spares_to_order) end as spares_to_order,
    count(*) filter (where spares_to_order > 0) as part_numbers,
    case
        when count(*) = 0 then 'no part is in the inventory'
        when sum(working_component_count) = 0 and sum(spares_to_order) = 0 then 'no component matches the inventory'
    end as no_spares_because
from marts.fct_spares_demand
