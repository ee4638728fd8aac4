-- One row per site, and one for all
select
    uptime.site_key,
    coalesce(sites.site_name, 'Whole fleet') as site_name,
    uptime.uptime_pct,
    uptime.first_14d_pct,
    uptime.last_14d_pct,
    uptime.change_points,
    uptime.compared_towers,
    uptime.is_change_real,
    uptime.change_tone,
    if((select count(*) > 0 from marts.fct_incidents), uptime.incidents_opened, null) as incidents_opened
from reports.rpt_site_uptime as uptime
left join marts.dim_site as sites using (site_id)
order by uptime.change_points nulls last, uptime.site_key
