-- One row per tower whose uptime moved over the last four weeks (Theil–Sen slope, Mann–Kendall test)
select
    md5(site_id) as site_key,
    tower_id,
    '/towers/?tower=' || url_encode(tower_id) as tower_link,
    site_name,
    '/sites/?site=' || url_encode(site_id) as site_link,
    days_count,
    uptime_slope_pct_per_day as slope_points_per_day,
    trend_z,
    is_falling
from reports.rpt_uptime_trend
where trend_z is not null
order by trend_z, tower_id
