select
    * exclude (sample),
    case severity when 'error' then 'error' else 'warning' end as how_bad,
    coalesce(sample::varchar, '') as rows_sampled
from incidents
order by resolved_at is not null, severity, opened_at desc
