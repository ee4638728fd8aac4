select
    {{ site_key() }} as site_key,
    site_id

from {{ ref('dim_site') }}

union all

select
    'all' as site_key,
    cast(null as varchar) as site_id
