-- One row per site and period, and one per period for all sites: the worst site first. Incidents are null where none is known at all
select
    health.site_key,
    health.period,
    coalesce(sites.site_name, 'All sites') as site_name,
    '/sites/?site=' || url_encode(sites.site_id) as site_link,
    health.tone,
    health.needs_attention,
    health.attention_rank,
    health.sites_needing_attention,
    health.heartbeat_age_hours,
    health.failures,
    operations.towers,
    operations.active_towers,
    operations.silent_towers,
    uptime.uptime_pct,
    uptime.uptime_tone,
    uptime.tower_days,
    uptime.change_points,
    uptime.is_change_real,
    if(incidents.are_known, operations.open_incidents, null) as open_incidents,
    if(incidents.are_known, operations.p1_incidents, null) as p1_incidents,
    if(incidents.are_known, operations.p2_incidents, null) as p2_incidents,
    operations.incidents_tone
from reports.rpt_site_health as health
inner join reports.rpt_operations as operations using (site_key)
left join reports.rpt_site_uptime as uptime on health.site_key = uptime.site_key and health.period = uptime.period
left join marts.dim_site as sites on health.site_id = sites.site_id
cross join (select count(*) > 0 as are_known from marts.fct_incidents) as incidents
order by health.period, health.attention_rank nulls first, health.site_key
