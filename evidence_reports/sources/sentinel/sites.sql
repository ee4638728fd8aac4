-- One row per site. Filters use site_key, which contains no quotes whatever the id is
select
    md5(site_id) as site_key,
    site_id,
    site_name,
    '/sites/?site=' || url_encode(site_id) as site_link,
    region,
    env,
    lat,
    lng,
    active_tower_count,
    maintenance_tower_count,
    decommissioned_tower_count,
    total_tower_count
from marts.dim_site
order by site_name, site_id
