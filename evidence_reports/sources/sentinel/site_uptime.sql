-- One row per site and period, and one per period for all sites
select
    uptime.site_key,
    coalesce(sites.site_name, 'Whole fleet') as site_name,
    '/sites/?site=' || url_encode(sites.site_id) as site_link,
    uptime.period,
    uptime.uptime_pct,
    uptime.sensor_health,
    uptime.tower_days,
    uptime.uptime_tone,
    uptime.before_pct,
    uptime.now_pct,
    uptime.change_points,
    uptime.compared_towers,
    uptime.is_change_real,
    uptime.change_tone
from reports.rpt_site_uptime as uptime
left join marts.dim_site as sites using (site_id)
order by uptime.period, uptime.change_points nulls last, uptime.site_key
