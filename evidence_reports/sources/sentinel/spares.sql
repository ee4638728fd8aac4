-- One row per part number: failures to expect before a new order arrives, and the stock there is
select
    part_number,
    description,
    category,
    working_component_count,
    lead_time_days,
    expected_failures_in_lead_time,
    spares_needed,
    available_stock,
    in_transit,
    spares_to_order,
    spares_advice,
    stock_status
from marts.fct_spares_demand
order by spares_to_order desc, expected_failures_in_lead_time desc, part_number
