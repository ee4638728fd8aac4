-- One row per tower in service and period, the worst first
select
    md5(site_id) as site_key,
    tower_id,
    '/towers/?tower=' || url_encode(tower_id) as tower_link,
    site_name,
    '/sites/?site=' || url_encode(site_id) as site_link,
    period,
    failures,
    incidents,
    events,
    uptime_pct,
    uptime_days,
    worst_rank,
    against_fleet
from reports.rpt_tower_ranking
order by period, worst_rank
