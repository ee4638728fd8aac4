-- One row per component
select
    md5(tower_id) as tower_key,
    component_id,
    component_type,
    part_number,
    if(is_failed, 'failed', 'working') as state,
    strftime(installed_at, '%Y-%m-%d') as installed_on,
    strftime(failed_at, '%Y-%m-%d') as failed_on,
    operating_hours,
    target_mtbf_hours
from marts.fct_component_reliability
order by component_type, installed_at, component_id
