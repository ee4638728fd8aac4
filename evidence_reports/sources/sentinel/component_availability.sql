-- One row per site, period and component type, with all sites and types
select * from reports.rpt_component_availability order by site_key, period, component_type
