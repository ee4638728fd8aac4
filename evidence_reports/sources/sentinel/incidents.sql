-- One row per incident
select
    md5(incidents.site_id) as site_key,
    incidents.incident_id,
    incidents.tower_id,
    '/towers/?tower=' || url_encode(incidents.tower_id) as tower_link,
    sites.site_name,
    '/sites/?site=' || url_encode(incidents.site_id) as site_link,
    incidents.severity,
    incidents.category,
    incidents.root_cause,
    incidents.opened_at::date as opened_date,
    incidents.closed_at::date as closed_date,
    strftime(incidents.opened_at, '%Y-%m-%d %H:%M') as opened_at,
    incidents.is_open,
    incidents.age_hours,
    incidents.resolve_hours
from marts.fct_incidents as incidents
left join marts.dim_site as sites using (site_id)
order by incidents.opened_at desc, incidents.incident_id
