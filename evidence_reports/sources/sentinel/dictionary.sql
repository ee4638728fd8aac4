select
    feed,
    ordinal,
    column_name,
    data_type,
    coalesce(unit, '') as unit,
    is_key,
    is_required,
    coalesce(rule, '') as rule,
    coalesce(description, '') as description
from ops.data_dictionary
order by feed, ordinal
