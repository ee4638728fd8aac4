-- One row per part, the most urgent first
select
    part_number,
    description,
    category,
    on_hand,
    allocated,
    in_transit,
    available_stock,
    reorder_point,
    stock_status,
    list_position(['critical', 'reorder', 'watch', 'healthy'], stock_status) as urgency,
    lead_time_days
from marts.fct_inventory_status
order by urgency, available_stock, part_number
