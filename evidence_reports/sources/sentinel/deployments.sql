-- One row per deployment. days_since_end is relative to as_of
select
    md5(deployments.site_id) as site_key,
    deployments.deployment_id,
    deployments.tower_id,
    '/towers/?tower=' || url_encode(deployments.tower_id) as tower_link,
    sites.site_name,
    '/sites/?site=' || url_encode(deployments.site_id) as site_link,
    deployments.mission_name,
    strftime(deployments.start_ts, '%Y-%m-%d %H:%M') as start_at,
    strftime(deployments.end_ts, '%Y-%m-%d %H:%M') as end_at,
    deployments.duration_hours,
    deployments.status,
    date_diff('day', deployments.end_ts::date, release.as_of::date) as days_since_end
from marts.fct_deployment_status as deployments
cross join ops.release as release
left join marts.dim_site as sites using (site_id)
order by deployments.start_ts desc, deployments.deployment_id
