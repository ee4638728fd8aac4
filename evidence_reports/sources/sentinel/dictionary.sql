select
    feed,
    ordinal,
    column_name,
    data_type,
    coalesce(unit, '') as unit,
    is_key,
    is_required,
    coalesce(rule, '') as rule,
    coalesce(description, '') as description,
    coalesce(mapped_from, '') as mapped_from
from ops.data_dictionary
order by feed, ordinal
